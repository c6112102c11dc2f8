"""Recipes: one runnable room a verb, `python -m models.training.<room> --help`."""

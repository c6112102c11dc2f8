"""Figures: `python -m models.evaluation` prints them."""

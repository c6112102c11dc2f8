"""Harm for every parser that listens: good samples, bent along the grain of their format, and what came of it."""

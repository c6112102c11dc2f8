"""The wires under fire: one command prints the tables of docs/reliability.md (`python -m benchmarks.reliability`)."""

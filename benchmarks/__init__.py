"""What facecue costs, measured: each file is run as `python -m benchmarks.NAME` and prints a table."""

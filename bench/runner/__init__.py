"""What bench/run.py is made of: servers, rows, rounds, statistics, report."""

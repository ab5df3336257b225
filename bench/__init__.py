"""Measurements: ratios within one run, never tests. `make bench` runs them all."""

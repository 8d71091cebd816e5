"""Numeric sequences: one or more channels over time."""

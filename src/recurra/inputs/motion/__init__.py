"""Bodies in motion: the positions of their joints over time."""

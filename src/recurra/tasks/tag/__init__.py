"""Tagging: one label for every step, such as parts of speech, names, or events in sensor data."""

"""Rows of a table: numbers and categories without a time to go through."""

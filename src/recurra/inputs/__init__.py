"""Kinds of input: how each is read, what stands before the recurrence, how it looks, and its live form."""

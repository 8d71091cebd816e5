"""Whole networks without task knowledge: one file per input and output shape."""

"""Pen strokes: where a pen goes, and when it is lifted."""

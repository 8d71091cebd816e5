"""Language models: the next symbol, and texts made of nothing."""

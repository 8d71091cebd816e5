"""Series over time: a table of one or many, on a regular grid, cut into windows."""

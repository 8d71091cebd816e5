"""Tables, panels of series, windows, splits and scaling: from a data file to batches of tensors."""

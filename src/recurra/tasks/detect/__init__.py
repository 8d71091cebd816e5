"""Detection: what is out of the ordinary in series, told row by row as they come."""

"""Search over a step function: what comes next, chosen or drawn. It knows no model."""

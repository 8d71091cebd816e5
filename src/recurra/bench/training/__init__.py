"""The suite `train`: forward and backward through time, with all gradients."""

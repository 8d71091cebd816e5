"""Videos: frames over time, each seen by a small convolutional net."""

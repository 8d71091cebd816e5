"""Drawing and writing with a pen: the next move."""

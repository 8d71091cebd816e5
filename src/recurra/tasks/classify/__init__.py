"""Classification: one label, several, or a number, for a text, a sequence or a row of a table."""

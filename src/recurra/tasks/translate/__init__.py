"""Translation: a text to another text, of whatever length."""

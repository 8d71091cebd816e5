"""Texts: words, letters or pieces of words, with or without tags."""

"""Captions: a sentence about what is read, whatever that is, with a look at its steps for each word."""

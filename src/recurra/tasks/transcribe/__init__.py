"""Transcription: what is said or written in a sequence, as a text whose symbols stand at no known step."""

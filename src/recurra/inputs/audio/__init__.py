"""Recordings of sound: files and pieces of them, as spectra over time."""

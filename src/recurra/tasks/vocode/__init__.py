"""Sound out of its spectrum: a waveform written sample by sample, by a net that reads mel frames."""

"""Notes: tunes from MIDI files and piano rolls, as a stream of symbols."""

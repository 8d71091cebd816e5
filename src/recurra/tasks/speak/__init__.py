"""Speech synthesis: a text as sound, frame by frame, by a net that attends to its characters."""

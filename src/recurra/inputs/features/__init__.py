"""Features that a net of another make has computed, as steps: of images, of frames, of whatever they are."""

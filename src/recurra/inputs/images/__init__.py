"""Images: files and arrays, as strips from one side to the other, as cells of a grid, or as one step."""

"""Running text: books, lines, documents, as a stream of symbols."""

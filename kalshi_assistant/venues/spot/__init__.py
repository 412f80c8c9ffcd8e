"""The exchanges whose books make the index: one venue, one file, bytes in, book facts out."""

"""What panels draw with: lines of inked text, words for people, plots. No Textual, no state."""

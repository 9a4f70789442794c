"""Making what puts images and words side by side: the lexicon, and the space of a content network."""

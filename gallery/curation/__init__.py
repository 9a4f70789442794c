"""What curators do to images and collections: planned, shown beforehand, done, undone."""

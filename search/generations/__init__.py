"""Search files as one aligned set: built, verified, published, opened, and what is newer than they are."""

"""From images to groups of duplicates."""

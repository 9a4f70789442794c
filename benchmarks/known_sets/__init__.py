"""Well-known sets of images: their layouts on disk, the measures of their papers, and figures that were published."""

"""Looking at a pair of images closely: computed by a worker, kept for a while, and shown by the compare page."""

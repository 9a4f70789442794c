"""Comparing a pair of images closely: computed by a worker, stored for a while, and shown by the compare page."""

"""Fusion weights: which are in use, and how they are learned."""

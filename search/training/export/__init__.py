"""Trained networks as files for LiteRT."""

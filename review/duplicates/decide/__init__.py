"""Decisions about groups of duplicates."""

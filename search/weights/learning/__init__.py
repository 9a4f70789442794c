"""Fusion weights learned from queries whose answers are known. Pure: arrays in, numbers out."""

from search.weights.learning.labelled_queries import LabelledQuery, LabelledQuerySet
from search.weights.learning.selection import learn
from search.weights.learning.validation import ValidationReport, validate

__all__ = ["LabelledQuery", "LabelledQuerySet", "ValidationReport", "learn", "validate"]

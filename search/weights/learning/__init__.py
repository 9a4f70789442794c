"""Fusion weights learned from queries whose answers are known. Pure: arrays in, numbers out."""

from search.weights.learning.labelled_queries import Question, QuestionSet
from search.weights.learning.selection import learn
from search.weights.learning.validation import Report, validate

__all__ = ["Question", "QuestionSet", "Report", "learn", "validate"]

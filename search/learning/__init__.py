"""Fusion weights learned from queries whose answers are known. Pure: arrays in, numbers out."""

from search.learning.questions import Question, QuestionSet
from search.learning.selection import learn
from search.learning.validation import Report, validate

__all__ = ["Question", "QuestionSet", "Report", "learn", "validate"]

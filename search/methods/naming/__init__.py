"""What puts images and words side by side: a space in which both have rows of one length that can be compared."""

from __future__ import annotations

from search.methods.naming import sentences
from search.methods.naming.space import WordSpace, find_space

__all__ = ["WordSpace", "find_space", "sentences"]

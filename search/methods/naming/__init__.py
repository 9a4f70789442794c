"""What puts images and words side by side: a space in which both have rows of one length that can be compared."""

from __future__ import annotations

from search.methods.naming import sentences
from search.methods.naming.space import WordSpace, find_space
from search.methods.naming.towers import TowerPair, find_pair, pair_lacks

__all__ = ["TowerPair", "WordSpace", "find_pair", "find_space", "pair_lacks", "sentences"]

"""The networks of the siamese method: one branch each, since both branches share their weights; run by NumPy alone."""

from search.methods.branches.branch import BITS, GUIDE, HEAD, Branch
from search.methods.branches.files import adopt, find, load, peek, save

__all__ = ["BITS", "GUIDE", "HEAD", "Branch", "adopt", "find", "load", "peek", "save"]

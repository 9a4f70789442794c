"""The networks of the siamese method: one branch each, since both branches share their weights; run by NumPy alone."""

from search.methods.branches.branch import BITS, HEAD, KOCH, Branch
from search.methods.branches.files import adopt, find, load, peek, save

__all__ = ["BITS", "HEAD", "KOCH", "Branch", "adopt", "find", "load", "peek", "save"]

"""Binary codes that lie close together. Pure: arrays only."""

from search.index.hash_join import near_codes

__all__ = ["near_codes"]

"""Methods, their versions, and the features that they computed."""

from search.features.extraction import ANALYSIS_SIDE
from search.features.leases import ORIGINAL_UNAVAILABLE
from search.features.registry import current_versions, methods, of_versions, unavailable_methods
from search.features.revisions import revision as library_revision
from search.features.stored_vectors import unpack_query
from search.generations.build import active_generation
from search.methods import METHODS
from search.versions import versions_in_use

__all__ = [
    "ANALYSIS_SIDE",
    "METHODS",
    "ORIGINAL_UNAVAILABLE",
    "active_generation",
    "current_versions",
    "library_revision",
    "methods",
    "of_versions",
    "unavailable_methods",
    "unpack_query",
    "versions_in_use",
]

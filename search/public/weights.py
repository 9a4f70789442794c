"""Which fusion weights there are to choose from, and which count on this site."""

from search.scoring.presets import DEFAULT_PRESET, PRESETS, presets_with
from search.weights.adopted import decision_in_force, fitting, site_weights

__all__ = ["DEFAULT_PRESET", "PRESETS", "decision_in_force", "fitting", "presets_with", "site_weights"]

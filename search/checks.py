"""System checks of the search app."""

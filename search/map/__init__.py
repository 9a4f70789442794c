"""The map: every image of the library laid out in the plane, drawn in the background and opened for the pages."""

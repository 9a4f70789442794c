"""Where the signals of the gallery become background work."""

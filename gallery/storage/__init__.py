"""Where bytes lie: originals, derivatives, temporary files."""

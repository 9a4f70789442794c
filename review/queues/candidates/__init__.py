"""Which pairs go into a queue: found, scored, chosen."""

"""Queues of pairs to be judged: gathered by a worker, handed out one by one, read by one person or by two."""

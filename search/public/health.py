"""Whether workers are there, and why something failed, in words."""

from search.background.health import failure_sentence, look_at_queues

__all__ = ["failure_sentence", "look_at_queues"]

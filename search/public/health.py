"""Whether workers are there."""

from search.background.health import look_at_queues

__all__ = ["look_at_queues"]

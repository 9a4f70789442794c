"""The audit log: hash-chained, anchored, verified."""

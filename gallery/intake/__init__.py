"""The one way in: bytes stored first, rows made, then decoded and settled."""

"""The process that opens uploaded bytes. It imports Pillow alone, so that it starts fast and holds no secrets."""

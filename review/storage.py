"""Where review keeps its files: checkpoints of scans, what was measured, the ends of the audit log."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings


def queue_checkpoint_file(queue_id: int) -> Path:
    """Return where the scan that fills a review queue is kept while it runs."""
    return Path(settings.QUEUES_DIR) / f"{queue_id}.npz"


def measurements_file() -> Path:
    """Return where scans for duplicates keep what they measured."""
    return Path(settings.DUPLICATES_DIR) / "measured.npz"


def audit_anchors_file() -> Path:
    """Return the file that holds the anchors of the audit log, beside the database."""
    return Path(settings.AUDIT_HEADS_FILE)

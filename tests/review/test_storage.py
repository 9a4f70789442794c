"""Where review keeps its files: data of earlier versions lies there already."""

from __future__ import annotations

from django.conf import settings

from review import storage


def test_everything_lies_where_it_always_did() -> None:
    assert storage.queue_checkpoint_file(7) == settings.DATA_DIR / "queues" / "7.npz"
    assert storage.measurements_file() == settings.DATA_DIR / "duplicates" / "measured.npz"
    assert storage.audit_anchors_file() == settings.DATA_DIR / "audit-heads"

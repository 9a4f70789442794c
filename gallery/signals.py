"""Signals to other apps: which images came and which went. Sent inside the transaction of the action."""

from django.dispatch import Signal

images_stored = Signal()
"""Sent with `image_ids: list[int]` once the images are decoded and ready."""

images_removed = Signal()
"""Sent with `image_ids: list[int]` when images are hidden or about to be deleted."""

images_restored = Signal()
"""Sent with `image_ids: list[int]` when hidden images are shown again."""

visibility_changed = Signal()
"""Sent when it changes who may see which image: a collection, its images, or what is in the common library."""

acted = Signal()
"""Sent by `gallery.audit_events.log_act` with `user`, `action: Action`, `subject: str` and `details: dict`."""

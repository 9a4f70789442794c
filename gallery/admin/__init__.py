"""The gallery in Django's admin."""

from gallery.admin import images, people  # noqa: F401 (importing registers their models)

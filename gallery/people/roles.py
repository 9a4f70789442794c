"""What people are to the library: each role may do what the ones before it may, and more."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.IntegerChoices):
    """A role, on the site or in one collection; comparable, the larger may more."""

    VIEWER = 10, _("viewer")  # browses, searches, compares
    CONTRIBUTOR = 20, _("contributor")  # uploads as well
    REVIEWER = 30, _("reviewer")  # decides about pairs as well
    CURATOR = 40, _("curator")  # changes images and collections as well
    ADMIN = 50, _("admin")  # gives roles, reads the audit, sees everything

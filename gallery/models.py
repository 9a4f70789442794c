"""Images, the collections that hold them and the tags on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from gallery.reasons import REASONS

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

HASH_LENGTH = 64


class Collection(models.Model):
    """A named set of images; an image may be in several."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    description = models.TextField(_("description"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("collection")
        verbose_name_plural = _("collections")

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A word that people put on images."""

    name = models.CharField(_("name"), max_length=80, unique=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("tag")
        verbose_name_plural = _("tags")

    def __str__(self) -> str:
        return self.name


class ImageQuerySet(models.QuerySet["Image"]):
    """Images as the pages ask for them."""

    def shown(self) -> ImageQuerySet:
        """Return decoded images that are not hidden."""
        return self.filter(status=Image.Status.READY, hidden=False)

    def visible_to(self, user: User | AnonymousUser) -> ImageQuerySet:
        """Return what this person may see: staff also see hidden images."""
        return self.filter(status=Image.Status.READY) if user.is_staff else self.shown()


class Image(models.Model):
    """One file that somebody gave us, identified by its bytes."""

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        READY = "ready", _("ready")
        REFUSED = "refused", _("refused")

    sha256 = models.CharField("SHA-256", max_length=HASH_LENGTH, unique=True, editable=False)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.PENDING, editable=False)
    reason = models.CharField(_("reason"), max_length=32, blank=True, choices=REASONS, editable=False)
    detail = models.CharField(_("detail"), max_length=300, blank=True, editable=False)
    original_name = models.CharField(_("file name"), max_length=255)
    title = models.CharField(_("title"), max_length=200, blank=True)
    label = models.CharField(_("label"), max_length=120, blank=True, db_index=True)
    hidden = models.BooleanField(_("hidden"), default=False)
    num_bytes = models.PositiveBigIntegerField(_("bytes"), editable=False)
    format = models.CharField(_("format"), max_length=8, blank=True, editable=False)
    width = models.PositiveIntegerField(_("width"), default=0, editable=False)
    height = models.PositiveIntegerField(_("height"), default=0, editable=False)
    num_frames = models.PositiveIntegerField(_("frames"), default=1, editable=False)
    pixels_sha256 = models.CharField(max_length=HASH_LENGTH, blank=True, db_index=True, editable=False)
    tone = models.CharField(_("average color"), max_length=7, blank=True, editable=False)
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True, db_index=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, verbose_name=_("uploaded by")
    )
    collections = models.ManyToManyField(Collection, blank=True, related_name="images", verbose_name=_("collections"))
    tags = models.ManyToManyField(Tag, blank=True, related_name="images", verbose_name=_("tags"))

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["status", "hidden", "-id"], name="image_shown")]
        verbose_name = _("image")
        verbose_name_plural = _("images")

    def __str__(self) -> str:
        return self.title or self.original_name

    def get_absolute_url(self) -> str:
        return reverse("gallery:image", args=[self.pk])

"""Images, the collections that hold them and the tags on them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from gallery.people.permissions import Permissions, permissions_of
from gallery.people.roles import Role
from gallery.reasons import REASONS
from gallery.signals import visibility_changed

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

HASH_LENGTH = 64
COLLECTION_ROLES = [(role.value, role.label) for role in Role if role < Role.ADMIN]


class Account(models.Model):
    """What a person is to the whole site; people without a row are what NEW_ACCOUNT_ROLE says."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="account", verbose_name=_("user")
    )
    role = models.PositiveSmallIntegerField(_("role"), choices=Role)

    class Meta:
        verbose_name = _("role of an account")
        verbose_name_plural = _("roles of accounts")

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}"


class CollectionQuerySet(models.QuerySet["Collection"]):
    """Collections as people may use them."""

    def with_role(self, user: User | AnonymousUser, least: Role) -> CollectionQuerySet:
        """Return the collections in which this person is at least that."""
        own = permissions_of(user)
        if own.sees_all:
            return self
        member = models.Q(pk__in=own.member_of(least))
        return self.filter(member | models.Q(private=False)) if own.may(least) else self.filter(member)

    def visible_to(self, user: User | AnonymousUser) -> CollectionQuerySet:
        """Return the collections that this person may know of."""
        return self.with_role(user, Role.VIEWER)

    def update(self, **values: Any) -> int:
        """Change rows, and say so when that changes who may see what."""
        with transaction.atomic():
            num_rows = super().update(**values)
            if "private" in values:  # Django signals the saving of single rows only
                visibility_changed.send(sender=Collection)
        return num_rows


class Collection(models.Model):
    """A named set of images; an image may be in several."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    description = models.TextField(_("description"), blank=True)
    private = models.BooleanField(_("private"), default=False)  # then only its members and admins know of it
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = CollectionQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("collection")
        verbose_name_plural = _("collections")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What a person is in one collection, whatever they are elsewhere."""

    collection = models.ForeignKey(Collection, models.CASCADE, related_name="memberships", verbose_name=_("collection"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("user")
    )
    role = models.PositiveSmallIntegerField(_("role"), choices=COLLECTION_ROLES)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["collection", "user"], name="membership_once")]
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")

    def __str__(self) -> str:
        return f"{self.user} in {self.collection}: {self.get_role_display()}"


class TagQuerySet(models.QuerySet["Tag"]):
    """Tags as people may use them."""

    def visible_to(self, user: User | AnonymousUser) -> TagQuerySet:
        """Return the tags of images that this person may know of."""
        if permissions_of(user).sees_all:
            return self
        tagged = Image.tags.through._default_manager.filter(tag=models.OuterRef("pk"))
        return self.filter(models.Exists(tagged.exclude(image__in=Image.objects.closed_to(user))))


class Tag(models.Model):
    """A word that people put on images."""

    name = models.CharField(_("name"), max_length=80, unique=True)

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("tag")
        verbose_name_plural = _("tags")

    def __str__(self) -> str:
        return self.name


def _among(collections: models.Q) -> models.Exists:
    """Select images that are in any of the collections."""
    through = Image.collections.through._default_manager
    return models.Exists(through.filter(collections, image=models.OuterRef("pk")))


def _beyond(own: Permissions, least: Role) -> models.Q:
    """Select images to which people are less than that though they are it on the site: private ones of others."""
    opened = models.Q(collection__in=own.member_of(least)) | models.Q(collection__private=False)
    return models.Q(~_among(opened), common=False)


OUT_OF_TRASH, IN_TRASH = models.Q(trashed_at__isnull=True), models.Q(trashed_at__isnull=False)
SHOWN = OUT_OF_TRASH & models.Q(hidden=False)


class ImageQuerySet(models.QuerySet["Image"]):
    """Images as the pages ask for them."""

    def shown(self) -> ImageQuerySet:
        """Return what can be found: decoded images that are neither hidden nor in the trash."""
        return self.filter(status=Image.Status.READY, hidden=False, trashed_at=None)

    def with_role(self, user: User | AnonymousUser, least: Role) -> ImageQuerySet:
        """Return the images, of whatever status, to which this person is at least that."""
        own = permissions_of(user)
        if own.sees_all:
            return self
        if own.may(least):  # by their number rather than row by row: then counting reads nothing but an index
            return self.exclude(pk__in=Image.objects.order_by().filter(_beyond(own, least)).values("pk"))
        among = self.filter(_among(models.Q(collection__in=own.member_of(least))))
        # What belongs to all is not changed by who put it into a collection of their own.
        return among.filter(common=False) if least >= Role.CURATOR else among

    def closed_to(self, user: User | AnonymousUser) -> ImageQuerySet:
        """Return the images, of whatever status, that this person may not know of: those not `with_role` viewer."""
        own = permissions_of(user)
        if own.sees_all:
            return self.none()
        if own.may(Role.VIEWER):
            return self.filter(_beyond(own, Role.VIEWER))
        return self.filter(~_among(models.Q(collection__in=own.member_of(Role.VIEWER))))

    def in_trash_of(self, user: User | AnonymousUser) -> ImageQuerySet:
        """Return what lies in the trash and this person may take out of it."""
        return self.filter(trashed_at__isnull=False).with_role(user, Role.CURATOR)

    def visible_to(self, user: User | AnonymousUser) -> ImageQuerySet:
        """Return what this person may see; those who curate an image see it though it is hidden."""
        own = permissions_of(user)
        visible = self.filter(status=Image.Status.READY, trashed_at=None).with_role(user, Role.VIEWER)
        if own.may(Role.ADMIN):
            return visible
        if not own.may_somewhere(Role.CURATOR):
            return visible.filter(hidden=False)
        # Hidden ones are few and have an index, so their numbers cost less than a question for each image.
        curated = Image.objects.with_role(user, Role.CURATOR).filter(hidden=True).values("pk")
        return visible.filter(models.Q(hidden=False) | models.Q(pk__in=curated))

    def update(self, **values: Any) -> int:
        """Change rows, and say so when that changes who may see what."""
        with transaction.atomic():
            num_rows = super().update(**values)
            if "common" in values:
                visibility_changed.send(sender=Image)
        return num_rows


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
    retry_at = models.DateTimeField(null=True, editable=False)  # while pending: when its files are tried again
    original_name = models.CharField(_("file name"), max_length=255)
    title = models.CharField(_("title"), max_length=200, blank=True)
    label = models.CharField(_("label"), max_length=120, blank=True)
    caption = models.TextField(_("caption"), max_length=2000, blank=True)
    common = models.BooleanField(_("in the common library"), default=True)  # else only collections show it to people
    hidden = models.BooleanField(_("hidden"), default=False)
    trashed_at = models.DateTimeField(_("in the trash since"), null=True, editable=False)
    trashed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        verbose_name=_("put into the trash by"),
        related_name="+",
    )
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, editable=False, verbose_name=_("merged into"), related_name="merged"
    )
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
        # What is hidden or in the trash is a condition of indexes, never a column of them: nearly every row is neither,
        # and a planner that knows a column by its average takes "not in the trash" for a choice of few.
        indexes = [
            models.Index(fields=["status", "-id"], condition=SHOWN, name="image_shown"),
            models.Index(fields=["status", "label"], condition=SHOWN, name="image_labels"),  # all labels in use
            models.Index(fields=["trashed_at"], condition=IN_TRASH, name="image_trash"),
            models.Index(fields=["id"], condition=models.Q(common=False), name="image_private"),  # few, asked for often
            models.Index(fields=["id"], condition=models.Q(hidden=True), name="image_hidden"),  # as few
        ]
        verbose_name = _("image")
        verbose_name_plural = _("images")

    def __str__(self) -> str:
        return self.title or self.original_name

    def get_absolute_url(self) -> str:
        return reverse("gallery:image", args=[self.pk])


class AttributeQuerySet(models.QuerySet["Attribute"]):
    """Attributes as people may use them."""

    def visible_names(self, user: User | AnonymousUser) -> list[str]:
        """Return the names, rising, that images have of which this person may know.

        Those of closed images are counted against all: they are few, and looking at each attribute takes long.
        """
        in_use = self._counts()
        if not permissions_of(user).sees_all:
            in_use.subtract(self.filter(image__in=Image.objects.closed_to(user).order_by().values("pk"))._counts())
        return sorted(name for name, number in in_use.items() if number > 0)

    def _counts(self) -> Counter[str]:
        rows = self.order_by().values_list("name").annotate(number=models.Count("pk"))
        return Counter(dict(rows))


class Attribute(models.Model):
    """One thing that people know of an image, as a name and a value of their own."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="attributes", verbose_name=_("image"))
    name = models.CharField(_("name"), max_length=80)
    value = models.CharField(_("value"), max_length=500)

    objects = AttributeQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["image", "name"], name="attribute_once")]
        indexes = [models.Index(fields=["name", "value", "image"], name="attribute_value")]
        verbose_name = _("attribute")
        verbose_name_plural = _("attributes")

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class RepeatUpload(models.Model):
    """The bytes of a known image that came again: under which name, from whom and when."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="repeats", verbose_name=_("image"))
    original_name = models.CharField(_("file name"), max_length=255)
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, verbose_name=_("uploaded by"), related_name="+"
    )

    class Meta:
        ordering = ["-id"]
        verbose_name = _("repeated upload")
        verbose_name_plural = _("repeated uploads")

    def __str__(self) -> str:
        return self.original_name


class Change(models.Model):
    """What an act on images replaced, kept for a while so that it can be undone."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("made by"), related_name="changes"
    )
    action = models.CharField(_("act"), max_length=12)  # of gallery.audit_events.Action
    state = models.JSONField(_("state"))  # see gallery.curation.undo
    made_at = models.DateTimeField(_("made"), auto_now_add=True, db_index=True)
    undone_at = models.DateTimeField(_("undone"), null=True)

    class Meta:
        verbose_name = _("change that can be undone")
        verbose_name_plural = _("changes that can be undone")

    def __str__(self) -> str:
        return f"{self.action} by {self.user}"

"""Features of images, the generations built from them, and uploaded queries. The database is the truth."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from gallery.models import HASH_LENGTH, Collection, Image
from jobs.rows import JobRow, LeasedRow


class Feature(LeasedRow):
    """What one method, in one version, says about one image. Read and written by `search.features` alone."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="features", verbose_name=_("image"))
    method = models.CharField(_("method"), max_length=32)
    version = models.CharField(_("version"), max_length=64)
    revision = models.BigIntegerField(null=True, editable=False)  # of `Revision`, when it became ready
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    vector = models.BinaryField(null=True, editable=False)  # last: SQLite reads the columns before it without it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["image", "method", "version"], name="feature_once")]
        indexes = [
            models.Index(fields=["method", "version", "state", "image"], name="feature_work"),
            models.Index(fields=["revision"], name="feature_revision"),
            # Of the few rows that are held by a worker: extended and given back by their lease, taken back by its end.
            models.Index(fields=["lease"], condition=models.Q(lease__isnull=False), name="feature_lease"),
            models.Index(fields=["leased_until"], condition=models.Q(leased_until__isnull=False), name="feature_held"),
        ]
        verbose_name = _("feature")
        verbose_name_plural = _("features")

    def __str__(self) -> str:
        return f"{self.method} of image {self.image_id}"


class Revision(models.Model):
    """One row that counts changes of what can be found: raised in the transaction of each change.

    Readers keep what they loaded until the number moves. Writers hold the row's lock until they commit, so a reader
    that sees revision n sees every change up to n.
    """

    number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)


class Tombstone(models.Model):
    """An image that must not be found any more although a generation may still hold it (hidden or deleted)."""

    image_id = models.BigIntegerField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"image {self.image_id}"


class Generation(JobRow):
    """One aligned, verified set of search files; at most one is active.

    As a job it is ready once it is published. One that is ready and has an error code was found damaged since.
    """

    class Life(models.TextChoices):
        NONE = "", _("not published")
        ACTIVE = "active", _("active")
        RETIRED = "retired", _("retired")

    life = models.CharField(_("life"), max_length=8, choices=Life, default=Life.NONE, blank=True)
    folder = models.CharField(_("folder"), max_length=80, blank=True)
    num_images = models.PositiveIntegerField(_("images"), default=0)
    revision = models.BigIntegerField(default=0)  # changes up to this one are inside
    versions = models.JSONField(_("method versions"), default=dict)  # method -> version
    recall = models.JSONField(_("measured recall@20"), default=dict)  # method -> 0..1, empty while search is exact
    backend = models.CharField(_("index backend"), max_length=16, blank=True)
    published_at = models.DateTimeField(_("published"), null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["life"], condition=models.Q(life="active"), name="generation_one_in_use")
        ]
        verbose_name = _("generation")
        verbose_name_plural = _("generations")

    def __str__(self) -> str:
        return f"generation {self.pk}"

    @property
    def begun_at(self) -> datetime:
        """When its features began to be read; what changed since is not inside."""
        return self.started_at or self.created_at


class MapDrawing(JobRow):
    """One drawing of the maps of the library: those that are missing or behind, and those that somebody asked for."""

    methods = models.JSONField(default=list)  # asked for, besides those that are due
    refit = models.BooleanField(default=False)  # lay out again what could be brought up to date
    method = models.CharField(max_length=32, blank=True)  # being drawn, or that failed
    numbers = models.JSONField(default=dict)  # of images, in the present phase; see search.map.state
    seconds = models.FloatField(null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("drawing of maps")
        verbose_name_plural = _("drawings of maps")

    def __str__(self) -> str:
        return f"drawing {self.pk}"


class Query(JobRow):
    """An uploaded query image, or a part of an image; the interactive worker describes it, and it is kept for a while.

    One that is ready may have an error code all the same: it says why some methods gave nothing.
    """

    asked_by = None  # `uploaded_by` says more: their queries go with them

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sha256 = models.CharField(max_length=HASH_LENGTH, db_index=True)
    box = models.CharField(max_length=64, blank=True, editable=False)  # a part of the image of these bytes; see regions
    original_name = models.CharField(_("file name"), max_length=255)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, verbose_name=_("uploaded by"), related_name="+"
    )  # null: somebody without an account; their session knows which are theirs
    created_at = models.DateTimeField(_("created"), auto_now_add=True, db_index=True)
    vectors = models.BinaryField(null=True, editable=False)  # see search.features.stored_vectors.pack_query

    class Meta:
        verbose_name = _("query")
        verbose_name_plural = _("queries")

    def __str__(self) -> str:
        return self.original_name


class WeightSet(JobRow):
    """Fusion weights learned from judged pairs, with the figures that they reached on queries held out."""

    source = models.CharField(_("learned from"), max_length=32)
    collection = models.ForeignKey(
        Collection, models.SET_NULL, null=True, blank=True, verbose_name=_("collection"), related_name="+"
    )
    collection_name = models.CharField(_("collection's name"), max_length=120, blank=True)  # stays when it goes
    max_queries = models.PositiveIntegerField(_("queries at most"), default=300)  # of one set
    weights = models.JSONField(_("weights"), default=dict)  # method -> 0..1
    figures = models.JSONField(_("figures"), default=dict)  # see search.weights.learning_job.as_document
    versions = models.JSONField(_("method versions"), default=dict)  # method -> version
    generation = models.PositiveBigIntegerField(_("generation"), null=True)
    seconds = models.FloatField(_("seconds"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("learned weights")
        verbose_name_plural = _("learned weights")

    def __str__(self) -> str:
        return f"weights {self.pk}"


class WeightAdoption(models.Model):
    """One decision about the weights of searches that name none; the newest row counts, rows are only added."""

    weight_set = models.ForeignKey(
        WeightSet, models.PROTECT, null=True, verbose_name=_("learned weights"), related_name="adoptions"
    )  # null: back to the weights that the methods come with
    weights = models.JSONField(_("weights"))  # method -> weight, as decided
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, verbose_name=_("decided by"), related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("decision about weights")
        verbose_name_plural = _("decisions about weights")

    def __str__(self) -> str:
        return f"weights since {self.decided_at:%Y-%m-%d %H:%M}"


class CollectionWeights(models.Model):
    """The weights of searches within one collection that name none; collections without a row use the site's."""

    collection = models.OneToOneField(
        Collection, models.CASCADE, primary_key=True, related_name="search_weights", verbose_name=_("collection")
    )
    preset = models.CharField(
        _("preset"), max_length=32, blank=True
    )  # see search.scoring.presets; empty: `weights` count
    weights = models.JSONField(_("weights"), default=dict)  # method -> 0..1

    class Meta:
        verbose_name = _("weights of a collection")
        verbose_name_plural = _("weights of collections")

    def __str__(self) -> str:
        return f"weights of {self.collection}"


class Evaluation(JobRow):
    """One measurement of search by what is known of the images; kept, so that it can be compared with later ones."""

    class Kind(models.TextChoices):
        LABELS = "labels", _("Labels")
        COPIES = "copies", _("Edited copies")
        REMIXES = "remixes", _("Remixes")
        VERDICTS = "verdicts", _("Verdicts")

    kind = models.CharField(_("measured by"), max_length=8, choices=Kind)
    collection = models.ForeignKey(
        Collection, models.SET_NULL, null=True, blank=True, verbose_name=_("collection"), related_name="+"
    )
    collection_name = models.CharField(_("collection's name"), max_length=120, blank=True)  # stays when it goes
    max_queries = models.PositiveIntegerField(_("queries at most"))
    document = models.JSONField(_("figures"), default=dict)  # see search.evaluation.measure
    summary = models.JSONField(default=dict)  # see search.evaluation.report.summary
    generation = models.PositiveBigIntegerField(_("generation"), null=True)
    seconds = models.FloatField(_("seconds"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")

    def __str__(self) -> str:
        return f"evaluation {self.pk}"

"""Curating similarity: what was computed, what failed, which files search uses. What machines wrote is read-only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from django_rq.models import Dashboard

from gallery.admin_columns import short_time, thumbnail
from gallery.audited_admin import AuditedAdmin, ReadOnly
from gallery.batches import batches
from gallery.models import Image
from jobs.rows import JobRow, JobState
from search.background import tasks
from search.background.rq_dashboard import DashboardAdmin
from search.features import registry, wanted_rows
from search.methods import METHODS
from search.models import Evaluation, Feature, Generation, Query, WeightAdoption, WeightSet

registered_images: Any = admin.site.get_model_admin(Image)
"""The gallery's own admin of its images, which is registered before: the gallery comes first among the apps."""

if TYPE_CHECKING:
    BaseImageAdmin = AuditedAdmin
    BaseFeatureAdmin = admin.ModelAdmin[Feature]
    BaseGenerationAdmin = admin.ModelAdmin[Generation]
    BaseQueryAdmin = admin.ModelAdmin[Query]
    BaseEvaluationAdmin = admin.ModelAdmin[Evaluation]
    BaseWeightSetAdmin = admin.ModelAdmin[WeightSet]
    BaseWeightAdoptionAdmin = admin.ModelAdmin[WeightAdoption]
else:
    BaseImageAdmin = type(registered_images)
    BaseWeightSetAdmin = BaseWeightAdoptionAdmin = admin.ModelAdmin
    BaseFeatureAdmin = BaseGenerationAdmin = BaseQueryAdmin = BaseEvaluationAdmin = admin.ModelAdmin


def progress_text(row: JobRow) -> str:
    """Return how far a running piece of work is; empty when nothing is known."""
    return f"{row.phase} {row.num_done}/{row.num_total}" if row.phase else ""


def method_label(method: str) -> str:
    return _(METHODS[method].label) if method in METHODS else method


def current_rows() -> QuerySet[Feature]:
    """Return the feature rows of the methods that this machine can compute, at their versions."""
    return registry.of_versions(registry.current_versions())


def recompute(request: HttpRequest, image_ids: Sequence[int]) -> None:
    """Compute these images' features again and say what will happen."""
    num_rows = sum(wanted_rows.recompute(batch) for batch in batches(image_ids))
    text = ngettext("%(n)s feature will be computed again.", "%(n)s features will be computed again.", num_rows)
    _announce(request, text % {"n": num_rows}, num_rows, "recomputed")


def retry(request: HttpRequest, image_ids: Sequence[int]) -> None:
    """Try these images' failed features once more and say what will happen."""
    num_rows = sum(wanted_rows.retry_failed(batch) for batch in batches(image_ids))
    text = ngettext(
        "%(n)s failed feature will be tried once more.", "%(n)s failed features will be tried once more.", num_rows
    )
    _announce(request, text % {"n": num_rows}, num_rows, "tried_again")


def _announce(request: HttpRequest, text: str, num_rows: int, code: str) -> None:
    if not num_rows:
        messages.info(request, _("Nothing was to be done for the images chosen."), extra_tags="nothing_to_do")
    elif tasks.enqueue_extraction():
        messages.success(request, text, extra_tags=code)
    else:
        waiting = _("Redis cannot be reached: it starts by itself once Redis is back.")
        messages.warning(request, f"{text} {waiting}", extra_tags=f"{code} queue_unreachable")


def rebuild(request: HttpRequest) -> None:
    """Ask for a new generation and say what will happen."""
    if tasks.ask_for_build(request.user):
        text = _("A new search index will be built; search goes on with the one in use until then.")
        messages.success(request, text, extra_tags="building")
    else:
        text = _("Redis cannot be reached, so no index is built. Start Redis, then ask again.")
        messages.error(request, text, extra_tags="queue_unreachable")


class FeatureStateFilter(admin.SimpleListFilter):
    """Images by the state of their features."""

    title = gettext_lazy("features")
    parameter_name = "features"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("ready", _("all ready")), ("waiting", _("being computed")), ("failed", _("failed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Image]) -> QuerySet[Image]:
        rows = current_rows().filter(image=OuterRef("pk"))
        if self.value() == "failed":
            return queryset.filter(Exists(rows.filter(state=JobState.FAILED)))
        if self.value() == "waiting":
            return queryset.filter(Exists(rows.filter(state__in=[JobState.WAITING, JobState.RUNNING])))
        if self.value() == "ready":
            return queryset.filter(Exists(rows), ~Exists(rows.exclude(state=JobState.READY)))
        return queryset


class SearchableImageAdmin(BaseImageAdmin):
    """The gallery's images with what search knows of them; the gallery itself knows nothing of search."""

    list_display = ["picture", "name", "label", "standing", "feature_state", "file", "uploaded"]
    list_filter = [FeatureStateFilter, *registered_images.list_filter]
    actions = [*registered_images.actions, "retry_failed", "recompute_features", "rebuild_index"]
    readonly_fields = [*registered_images.readonly_fields, "feature_list"]
    fieldsets = [*registered_images.fieldsets, (gettext_lazy("Search"), {"fields": ["feature_list"]})]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Image]:
        rows = current_rows().defer("vector").order_by("method")
        return super().get_queryset(request).prefetch_related(Prefetch("features", rows, to_attr="current_features"))

    @admin.display(description=gettext_lazy("features"))
    def feature_state(self, image: Any) -> str:
        states = [feature.state for feature in image.current_features]
        if not states:
            return "–"
        text = _("%(ready)s of %(all)s") % {"ready": states.count(JobState.READY), "all": len(states)}
        num_failed = states.count(JobState.FAILED)
        return text + ", " + _("%(n)s failed") % {"n": num_failed} if num_failed else text

    @admin.display(description=gettext_lazy("features"))
    def feature_list(self, image: Any) -> SafeString | str:
        lines = [
            (method_label(row.method), row.get_state_display(), row.error_sentence) for row in image.current_features
        ]
        return format_html_join("", "<div>{}: {} {}</div>", lines) or "–"

    def has_rebuild_permission(self, request: HttpRequest) -> bool:
        return may_rebuild(request)

    @admin.action(description=gettext_lazy("Try failed features again"), permissions=["change"])
    def retry_failed(self, request: HttpRequest, queryset: QuerySet[Image]) -> None:
        retry(request, list(queryset.values_list("pk", flat=True)))

    @admin.action(description=gettext_lazy("Compute features of selected images again"), permissions=["change"])
    def recompute_features(self, request: HttpRequest, queryset: QuerySet[Image]) -> None:
        recompute(request, list(queryset.filter(status=Image.Status.READY).values_list("pk", flat=True)))

    @admin.action(description=gettext_lazy("Rebuild the search index (of all images)"), permissions=["rebuild"])
    def rebuild_index(self, request: HttpRequest, queryset: QuerySet[Image]) -> None:
        rebuild(request)


def may_rebuild(request: HttpRequest) -> bool:
    return request.user.has_perm("search.change_generation")


class MethodFilter(admin.SimpleListFilter):
    """Features by method, from the registry: asking the database for the names would read every row."""

    title = gettext_lazy("method")
    parameter_name = "method"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(method, method_label(method)) for method in METHODS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Feature]) -> QuerySet[Feature]:
        return queryset.filter(method=self.value()) if self.value() else queryset


@admin.register(Feature)
class FeatureAdmin(ReadOnly, BaseFeatureAdmin):
    """Features: one row per image, method and version."""

    list_display = ["picture", "image", "method_name", "state", "why", "attempts", "updated"]
    list_display_links = ["method_name"]
    list_filter = ["state", MethodFilter, "updated_at"]
    list_select_related = ["image"]
    list_per_page = 50
    # Each image has a row per method: counting them all takes longer than showing a page.
    show_full_result_count = False
    search_fields = ["image__original_name", "image__title", "error_code", "error_params"]
    search_help_text = gettext_lazy("Name of the image, or part of the reason")
    ordering = ["-pk"]
    actions = ["retry_failed", "recompute_features"]
    readonly_fields = [
        *("picture", "image_link", "method_name", "version", "state", "why", "attempts", "revision"),
        "updated_at",
    ]
    fields = [*readonly_fields]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feature]:
        # Kilobytes a row that the list does not show.
        return super().get_queryset(request).defer("vector")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("search.change_feature")

    @admin.display(description=gettext_lazy("picture"))
    def picture(self, feature: Feature) -> SafeString | str:
        return thumbnail(feature.image)

    @admin.display(description=gettext_lazy("image"))
    def image_link(self, feature: Feature) -> SafeString:
        address = reverse("admin:gallery_image_change", args=[feature.image_id])
        return format_html('<a href="{}">{}</a>', address, feature.image)

    @admin.display(description=gettext_lazy("method"), ordering="method")
    def method_name(self, feature: Feature) -> str:
        return method_label(feature.method)

    @admin.display(description=gettext_lazy("reason"), ordering="error_code")
    def why(self, feature: Feature) -> str:
        return feature.error_sentence or "–"

    @admin.display(description=gettext_lazy("updated"), ordering="updated_at")
    def updated(self, feature: Feature) -> str:
        return short_time(feature.updated_at)

    @admin.action(description=gettext_lazy("Try failed features of these images again"), permissions=["retry"])
    def retry_failed(self, request: HttpRequest, queryset: QuerySet[Feature]) -> None:
        retry(request, _image_ids(queryset))

    @admin.action(description=gettext_lazy("Compute all features of these images again"), permissions=["retry"])
    def recompute_features(self, request: HttpRequest, queryset: QuerySet[Feature]) -> None:
        recompute(request, _image_ids(queryset))


def _image_ids(rows: QuerySet[Feature]) -> list[int]:
    return list(rows.order_by("image_id").values_list("image_id", flat=True).distinct())


@admin.register(Generation)
class GenerationAdmin(ReadOnly, BaseGenerationAdmin):
    """Generations: the search files built so far, the one in use first to be seen by its state."""

    list_display = ["__str__", "life", "state", "num_images", "backend", "recall_text", "published", "note"]
    list_filter = ["life", "state"]
    readonly_fields = [
        *("life", "state", "num_images", "backend", "recall_text", "versions_text", "folder", "revision"),
        *("note", "asked_by", "created_at", "started_at", "heartbeat_at", "published_at"),
    ]
    fields = [*readonly_fields]
    change_list_template = "admin/search/generation/change_list.html"

    @admin.display(description=gettext_lazy("measured recall@20"))
    def recall_text(self, generation: Generation) -> str:
        found = [f"{method_label(name)} {value:.3f}" for name, value in generation.recall.items()]
        return ", ".join(found) or "–"

    @admin.display(description=gettext_lazy("method versions"))
    def versions_text(self, generation: Generation) -> str:
        return ", ".join(f"{method_label(name)} {version}" for name, version in generation.versions.items()) or "–"

    @admin.display(description=gettext_lazy("published"), ordering="published_at")
    def published(self, generation: Generation) -> str:
        return short_time(generation.published_at)

    @admin.display(description=gettext_lazy("note"))
    def note(self, generation: Generation) -> str:
        return generation.error_sentence or progress_text(generation) or "–"

    def get_urls(self) -> list[URLPattern]:
        # By POST alone: a link that is prefetched must not build.
        view = self.admin_site.admin_view(require_POST(self.rebuild_view))
        # Before the admin's own pattern, which takes anything for a key.
        return [path("rebuild/", view, name="search_generation_rebuild"), *super().get_urls()]

    def rebuild_view(self, request: HttpRequest) -> HttpResponse:
        if not may_rebuild(request):
            raise PermissionDenied
        rebuild(request)
        return HttpResponseRedirect(reverse("admin:search_generation_changelist"))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"may_rebuild": may_rebuild(request), **(extra_context or {})})


@admin.register(Query)
class QueryAdmin(ReadOnly, BaseQueryAdmin):
    """Uploaded queries of the last day."""

    list_display = ["original_name", "state", "why", "dimensions", "created_at"]
    list_filter = ["state", "created_at"]
    search_fields = ["original_name"]
    list_per_page = 50
    readonly_fields = ["original_name", "state", "why", "dimensions", "attempts", "sha256", "created_at"]
    fields = [*readonly_fields]
    ordering = ["-created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Query]:
        return super().get_queryset(request).defer("vectors")

    @admin.display(description=gettext_lazy("reason"))
    def why(self, query: Query) -> str:
        return query.error_sentence or "–"

    @admin.display(description=gettext_lazy("dimensions"))
    def dimensions(self, query: Query) -> str:
        return f"{query.width} × {query.height}" if query.width else "–"


@admin.register(Evaluation)
class EvaluationAdmin(AuditedAdmin, BaseEvaluationAdmin):
    """Measurements of the lab: they are read on its page, and deleted here."""

    list_display = ["created_at", "kind", "collection_name", "state", "num_queries", "seconds", "asked_by", "lab_link"]
    list_filter = ["state", "kind", "created_at"]
    readonly_fields = [
        *("created_at", "kind", "collection_name", "state", "why", "max_queries", "generation", "seconds"),
        *("asked_by", "lab_link"),
    ]
    fields = [*readonly_fields]
    list_select_related = ["asked_by"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Evaluation]:
        return super().get_queryset(request).defer("document")

    @admin.display(description=gettext_lazy("queries"))
    def num_queries(self, evaluation: Evaluation) -> str:
        return str(evaluation.summary.get("queries", "–"))

    @admin.display(description=gettext_lazy("error"))
    def why(self, evaluation: Evaluation) -> str:
        return evaluation.error_sentence or "–"

    @admin.display(description=gettext_lazy("figures"))
    def lab_link(self, evaluation: Evaluation) -> SafeString | str:
        if evaluation.state != JobState.READY:
            return "–"
        address = f"{reverse('search:lab')}?run={evaluation.pk}"
        return format_html('<a href="{}">{}</a>', address, _("On the Lab page"))


@admin.register(WeightSet)
class WeightSetAdmin(ReadOnly, BaseWeightSetAdmin):
    """Learned weights with their figures."""

    list_display = ["__str__", "state", "source", "collection_name", "asked_by", "created", "note"]
    list_filter = ["state"]
    list_select_related = ["asked_by"]
    readonly_fields = [
        *("state", "source", "collection_name", "weights", "figures", "versions", "generation", "seconds"),
        *("note", "asked_by", "created_at", "heartbeat_at"),
    ]
    fields = [*readonly_fields]

    @admin.display(description=gettext_lazy("asked for"), ordering="created_at")
    def created(self, weight_set: WeightSet) -> str:
        return short_time(weight_set.created_at)

    @admin.display(description=gettext_lazy("note"))
    def note(self, weight_set: WeightSet) -> str:
        return weight_set.error_sentence or progress_text(weight_set) or "–"


@admin.register(WeightAdoption)
class WeightAdoptionAdmin(ReadOnly, BaseWeightAdoptionAdmin):
    """Decisions about the site's weights; they are made on the page of weights."""

    list_display = ["decided", "weights_text", "weight_set", "decided_by"]
    list_select_related = ["weight_set", "decided_by"]
    readonly_fields = ["decided_at", "weights_text", "weight_set", "decided_by"]
    fields = [*readonly_fields]

    @admin.display(description=gettext_lazy("decided"), ordering="decided_at")
    def decided(self, adoption: WeightAdoption) -> str:
        return short_time(adoption.decided_at)

    @admin.display(description=gettext_lazy("weights"))
    def weights_text(self, adoption: WeightAdoption) -> str:
        return ", ".join(f"{method_label(name)} {weight:g}" for name, weight in adoption.weights.items() if weight)


# The gallery may not know of search, so search puts its own in the place of the gallery's.
admin.site.unregister(Image)
admin.site.register(Image, SearchableImageAdmin)
admin.site.unregister(Dashboard)
admin.site.register(Dashboard, DashboardAdmin)

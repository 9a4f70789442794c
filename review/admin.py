"""Looking at what people decided and did: recorded elsewhere, changed by nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from gallery.admin_columns import short_time, thumbnail
from gallery.audited_admin import ReadOnly
from gallery.models import Image
from review.models import AuditRow, DuplicateDecision, Verdict
from review.verdicts.listing import visible_verdicts

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    BaseVerdictAdmin = admin.ModelAdmin[Verdict]
    BaseDecisionAdmin = admin.ModelAdmin[DuplicateDecision]
    BaseAuditAdmin = admin.ModelAdmin[AuditRow]
else:
    BaseVerdictAdmin = BaseDecisionAdmin = BaseAuditAdmin = admin.ModelAdmin


class VerdictList(ChangeList):
    """A page of verdicts with the images of all of them, read at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        # A list, so that what is hung on its rows stays there: a queryset would be read again.
        verdicts: list[Any] = list(self.result_list)
        hashes = {sha256 for each in verdicts for sha256 in (each.first_sha256, each.second_sha256)}
        images = {image.sha256: image for image in Image.objects.filter(sha256__in=hashes)}
        for each in verdicts:
            each.images = images
        self.result_list = verdicts


@admin.register(Verdict)
class VerdictAdmin(ReadOnly, BaseVerdictAdmin):
    """Verdicts, newest first, read-only."""

    list_display = ["first_picture", "second_picture", "verdict", "author_name", "decided", "note"]
    list_display_links = ["verdict"]
    list_filter = ["kind", "decided_at"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["first_sha256", "second_sha256", "author_name", "note"]
    search_help_text = gettext_lazy("SHA-256 of an image, an author, or part of the note")
    readonly_fields = [
        *("first_picture", "second_picture", "first_sha256", "second_sha256", "kind", "note", "author_name", "author"),
        *("decided_at", "state"),
    ]
    fields = [*readonly_fields]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Verdict]:
        return visible_verdicts(cast("User", request.user))  # here, too, blind readers learn nothing

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return VerdictList

    @admin.display(description=gettext_lazy("first image"))
    def first_picture(self, verdict: Verdict) -> SafeString | str:
        return _picture(verdict, verdict.first_sha256)

    @admin.display(description=gettext_lazy("second image"))
    def second_picture(self, verdict: Verdict) -> SafeString | str:
        return _picture(verdict, verdict.second_sha256)

    @admin.display(description=gettext_lazy("verdict"), ordering="kind")
    def verdict(self, verdict: Verdict) -> str:
        return verdict.get_kind_display()

    @admin.display(description=gettext_lazy("decided"), ordering="decided_at")
    def decided(self, verdict: Verdict) -> str:
        return short_time(verdict.decided_at)


@admin.register(DuplicateDecision)
class DuplicateDecisionAdmin(ReadOnly, BaseDecisionAdmin):
    """Decisions about duplicates, newest first, read-only."""

    list_display = ["decision", "author_name", "decided", "undoes"]
    list_display_links = ["decision"]
    list_filter = ["kind", "decided_at"]
    list_select_related = ["undoes"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["author_name", "images__sha256"]
    search_help_text = gettext_lazy("An author, or SHA-256 of an image")
    readonly_fields = ["kind", "author_name", "author", "decided_at", "undoes", "images_decided", "state"]
    fields = [*readonly_fields]

    @admin.display(description=gettext_lazy("decision"), ordering="kind")
    def decision(self, decision: DuplicateDecision) -> str:
        return decision.get_kind_display()

    @admin.display(description=gettext_lazy("decided"), ordering="decided_at")
    def decided(self, decision: DuplicateDecision) -> str:
        return short_time(decision.decided_at)

    @admin.display(description=gettext_lazy("images"))
    def images_decided(self, decision: DuplicateDecision) -> SafeString:
        return format_html_join("\n", "<div>{}</div>", decision.images.values_list("sha256"))


def _picture(verdict: Any, sha256: str) -> SafeString | str:
    """Return the image that has these bytes now; its first digits when there is none."""
    known = getattr(verdict, "images", None)
    image = Image.objects.filter(sha256=sha256).first() if known is None else known.get(sha256)
    return thumbnail(image) if image else f"{sha256[:12]}…"


@admin.register(AuditRow)
class AuditRowAdmin(ReadOnly, BaseAuditAdmin):
    """The audit, newest first, read-only; its own page also tells whether it is intact."""

    list_display = ["number", "happened", "actor_name", "action", "named"]
    list_filter = ["action", "happened_at"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["actor_name", "subject"]
    search_help_text = gettext_lazy("A person, or part of the subject")
    readonly_fields = [
        *("number", "happened_at", "actor_id", "actor_name", "action", "subject", "details", "previous_hash", "hash"),
    ]
    fields = [*readonly_fields]

    @admin.display(description=gettext_lazy("time"), ordering="number")
    def happened(self, row: AuditRow) -> str:
        return short_time(row.happened_at)

    @admin.display(description=gettext_lazy("subject"), ordering="subject")
    def named(self, row: AuditRow) -> str:
        return row.subject_in_words

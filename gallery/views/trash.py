"""The trash: what lies in it and for how long still, taken out again or deleted for good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from math import ceil
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from gallery.curation import visibility
from gallery.curation.selection import curated
from gallery.forms import IdsField, read_id
from gallery.keyset import page_after
from gallery.models import Image
from gallery.notices import way_back
from gallery.people.permissions import permissions_of, requires
from gallery.people.roles import Role

PAGE_SIZE = 60
NEWEST_FIRST = ("-trashed_at", "-pk")  # one act trashes many at the same moment; their numbers decide among them
SHOWN_IN_QUESTION = 12
MAX_PURGED = 1000
"""Images deleted for good by one request, so that it ends while people wait."""


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Role.CURATOR)
def trash(request: HttpRequest) -> HttpResponse:
    """Show one page of the trash, or do what its buttons ask."""
    return _act(request) if request.method == "POST" else _list(request)


def _list(request: HttpRequest) -> HttpResponse:
    trashed = Image.objects.in_trash_of(request.user)
    rows, place = trashed.select_related("trashed_by", "merged_into"), _place(request.GET.get("after", ""))
    page = page_after(rows, PAGE_SIZE, NEWEST_FIRST, place)
    shown, last = page.rows, page.last
    keeper_ids = [image.merged_into_id for image in shown if image.merged_into_id is not None]
    known = set(Image.objects.visible_to(request.user).filter(pk__in=keeper_ids).values_list("pk", flat=True))
    context = {
        "rows": [(image, _days_left(image), image.merged_into_id in known) for image in shown],
        "num_images": trashed.count(),
        "more": f"?{urlencode({'after': f'{last.trashed_at:%Y-%m-%dT%H:%M:%S.%f%z}_{last.pk}'})}" if last else "",
        "days": settings.TRASH_DAYS,
        "may_purge": permissions_of(request.user).may(Role.ADMIN),
    }
    return render(request, "gallery/trash.html", context)


def _place(text: str) -> tuple[datetime, int] | None:
    """Return the place that an address names; None where it names none."""
    moment_text, _underline, number = text.rpartition("_")
    moment = _read_moment(moment_text)
    return (moment, read_id(number)) if moment else None


def _read_moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):  # well formed, but no such day
        return None


def _days_left(image: Image) -> int:
    left = (image.trashed_at or timezone.now()) + timedelta(days=settings.TRASH_DAYS) - timezone.now()
    return max(0, ceil(left / timedelta(days=1)))


def _act(request: HttpRequest) -> HttpResponse:
    action = request.POST.get("action", "")
    try:
        ids = [] if action == "empty" else IdsField().clean(request.POST.getlist("image"))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages), extra_tags=error.code or "")
        return redirect("gallery:trash")
    if action == "restore":
        return _restore(request, ids)
    if action not in ("purge", "empty"):
        sentence = _("Choose what to do: restore the images, or delete them for good.")
        messages.error(request, sentence, extra_tags="no_such_act")
        return redirect("gallery:trash")
    if not permissions_of(request.user).may(Role.ADMIN):
        raise PermissionDenied(_("Only admins delete for good. What lies in the trash goes by itself in time."))
    return _purge(request, action, ids)


def _restore(request: HttpRequest, ids: list[int]) -> HttpResponse:
    number = visibility.restore(curated(ids, request.user), request.user)
    if number:
        text = ngettext("%(n)d image is back.", "%(n)d images are back.", number)
        messages.success(request, text % {"n": number}, extra_tags="restored")
    else:
        messages.error(request, _("None of these images is in the trash any more."), extra_tags="not_in_trash")
    return redirect(way_back(request))


def _purge(request: HttpRequest, action: str, ids: list[int]) -> HttpResponse:
    """Ask first; then delete."""
    trashed = Image.objects.in_trash_of(request.user).order_by("trashed_at", "pk")
    images = trashed if action == "empty" else trashed.filter(pk__in=ids[:MAX_PURGED])
    if not request.POST.get("confirmed"):
        context: dict[str, Any] = {
            "action": action,
            "ids": ",".join(map(str, ids)),
            "num_images": images.count(),
            "images": images[:SHOWN_IN_QUESTION],
        }
        return render(request, "gallery/purge.html", context, status=HTTPStatus.OK)
    number = visibility.purge(images.values_list("pk", flat=True)[:MAX_PURGED], request.user)
    num_left = images.count()
    text = ngettext("%(n)d image is deleted for good.", "%(n)d images are deleted for good.", number) % {"n": number}
    if num_left:
        text += " " + ngettext(
            "%(n)d is left: delete again, or run manage.py purge_trash --all.",
            "%(n)d are left: delete again, or run manage.py purge_trash --all.",
            num_left,
        ) % {"n": num_left}
    messages.success(request, text, extra_tags="purged some_left" if num_left else "purged")
    return redirect("gallery:trash")

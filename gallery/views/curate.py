"""Acts of curators on selected images: hide, show again, tag, add to a collection, move to the trash."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from gallery import curation
from gallery.forms import CurateForm
from gallery.membership import addition_problem
from gallery.models import Collection, Image, Tag
from gallery.permissions import requires
from gallery.roles import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


@require_POST
@requires(Role.CURATOR)
def curate(request: HttpRequest) -> HttpResponse:
    """Do what the selection's action bar asks and go back to where it was asked."""
    form = CurateForm(request.POST)
    back = _back(request)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(map(str, errors)))
        return redirect(back)
    asked = form.cleaned_data
    if problem := _problem(request.user, asked):
        messages.error(request, problem)
        return redirect(back)
    images = Image.objects.with_role(request.user, Role.CURATOR).filter(pk__in=asked["image"])
    done = ACTIONS[asked["action"]](list(images.values_list("pk", flat=True)), asked | {"user": request.user})
    messages.success(request, done)
    return redirect(back)


def _problem(user: User | AnonymousUser, asked: dict[str, Any]) -> str:
    """Return why this person may not do it to all of these images, so that nothing is done; empty: they may."""
    known = Image.objects.with_role(user, Role.VIEWER).filter(pk__in=asked["image"])
    num_others = known.exclude(pk__in=Image.objects.with_role(user, Role.CURATOR)).count()
    if num_others:
        text = ngettext(
            "Nothing was changed: you are not a curator of %(n)s of these images. Take it out of the selection.",
            "Nothing was changed: you are not a curator of %(n)s of these images. Take them out of the selection.",
            num_others,
        )
        return text % {"n": num_others}
    if asked["action"] == "collect":
        return addition_problem(user, asked["collection"])
    return ""


def _back(request: HttpRequest) -> str:
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return back if back and is_ours else reverse("gallery:index")


def _hide(ids: list[int], asked: dict[str, Any]) -> str:
    curation.hide(ids, asked["user"])
    return ngettext(
        "%(n)s image is hidden. The status filter of the gallery shows it.",
        "%(n)s images are hidden. The status filter of the gallery shows them.",
        len(ids),
    ) % {"n": len(ids)}


def _unhide(ids: list[int], asked: dict[str, Any]) -> str:
    curation.unhide(ids, asked["user"])
    return ngettext("%(n)s image is shown again.", "%(n)s images are shown again.", len(ids)) % {"n": len(ids)}


def _trash(ids: list[int], asked: dict[str, Any]) -> str:
    num_trashed = curation.trash(ids, asked["user"])
    text = ngettext("%(n)s image is in the trash now.", "%(n)s images are in the trash now.", num_trashed)
    return text % {"n": num_trashed}


def _tag(ids: list[int], asked: dict[str, Any]) -> str:
    tag, _created = Tag.objects.get_or_create(name=asked["tag"])
    tag.images.add(*ids)
    text = ngettext("%(n)s image is tagged %(name)s.", "%(n)s images are tagged %(name)s.", len(ids))
    return text % {"n": len(ids), "name": tag}


def _untag(ids: list[int], asked: dict[str, Any]) -> str:
    tag = Tag.objects.filter(name=asked["tag"]).first()
    if tag:
        tag.images.remove(*ids)
    text = ngettext(
        "%(n)s image is no longer tagged %(name)s.", "%(n)s images are no longer tagged %(name)s.", len(ids)
    )
    return text % {"n": len(ids), "name": asked["tag"]}


def _collect(ids: list[int], asked: dict[str, Any]) -> str:
    collection, _created = Collection.objects.get_or_create(name=asked["collection"])
    collection.images.add(*ids)
    text = ngettext("%(n)s image is in %(name)s now.", "%(n)s images are in %(name)s now.", len(ids))
    return text % {"n": len(ids), "name": collection}


ACTIONS: dict[str, Callable[[list[int], dict[str, Any]], str]] = {
    "hide": _hide,
    "unhide": _unhide,
    "trash": _trash,
    "tag": _tag,
    "untag": _untag,
    "collect": _collect,
}

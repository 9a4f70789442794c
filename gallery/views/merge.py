"""Merging selected images into one of them: which stays, what it gets, and then the others go to the trash."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from gallery.audit_events import Action, logged_at_end
from gallery.curation import merge as curation_merge
from gallery.curation.edit_summary import field_words
from gallery.curation.merge import Merged, MergeError
from gallery.curation.selection import NotTheirsError, all_curated
from gallery.curation.undo import remember
from gallery.forms import IdsField, read_id
from gallery.models import Collection, Image, Tag
from gallery.notices import say_done, way_back
from gallery.people.permissions import requires
from gallery.people.roles import Role
from jobs.errors import CodedError

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

MAX_MERGED = 50


class ChoiceError(CodedError):
    """These images cannot be merged; the code says why."""


@require_POST
@requires(Role.CURATOR)
def merge(request: HttpRequest) -> HttpResponse:
    """Ask which image stays, with what it would get; or do it."""
    try:
        images = _chosen(request)
        keeper = _keeper(request, images)
        others = [image.pk for image in images if image != keeper]
        if request.POST.get("step") == "apply":
            return _apply(request, keeper, others)
        planned = curation_merge.plan(keeper.pk, others)
    except ValidationError as error:
        return _refuse(request, " ".join(error.messages), error.code or "")
    except (ChoiceError, NotTheirsError, MergeError) as error:
        return _refuse(request, str(error), error.code)
    context = {
        "images": images,
        "keeper": keeper,
        "ids": ",".join(str(image.pk) for image in images),
        "gets": _gets(planned, request.user),
        "num_others": len(others),
        "back": way_back(request),
    }
    return render(request, "gallery/merge.html", context)


def _refuse(request: HttpRequest, sentence: str, code: str) -> HttpResponse:
    refusal = {"sentence": sentence, "code": code, "back": way_back(request)}
    return render(request, "gallery/merge.html", refusal, status=HTTPStatus.BAD_REQUEST)


def _chosen(request: HttpRequest) -> list[Image]:
    """Return the images to merge, the one that is most likely to stay first: most pixels, most bytes, oldest."""
    ids = IdsField().clean(request.POST.getlist("image"))
    if len(set(ids)) > MAX_MERGED:
        raise ChoiceError("too_many_to_merge", most=MAX_MERGED, number=len(set(ids)))
    mine = Image.objects.visible_to(request.user).filter(pk__in=all_curated(ids, request.user))
    images = sorted(mine, key=lambda image: (-image.width * image.height, -image.num_bytes, image.pk))
    if len(images) < 2:
        raise ChoiceError("too_few_to_merge")
    return images


def _keeper(request: HttpRequest, images: list[Image]) -> Image:
    asked = read_id(request.POST.get("keeper", ""))
    return next((image for image in images if image.pk == asked), images[0])


def _apply(request: HttpRequest, keeper: Image, others: list[int]) -> HttpResponse:
    user = cast("User", request.user)
    with logged_at_end():
        merged = curation_merge.merge(keeper.pk, others, user)
        change = remember(user, Action.MERGE, merged.as_state())
    text = ngettext(
        "%(n)d image is merged into “%(name)s” and in the trash now.",
        "%(n)d images are merged into “%(name)s” and in the trash now.",
        len(merged.other_ids),
    )
    back = way_back(request)
    say_done(request, text % {"n": len(merged.other_ids), "name": keeper}, change, code="merged", back=back)
    return redirect(back)


def _gets(planned: Merged, user: User | AnonymousUser) -> list[tuple[str, str]]:
    """Return what the image that stays gets: (what, value), without the names of collections closed to this person."""
    tags = Tag.objects.filter(pk__in=planned.tag_ids).values_list("name", flat=True)
    known = Collection.objects.visible_to(user).filter(pk__in=planned.collection_ids)
    collections = known.values_list("name", flat=True)
    got = [(field_words(name, {}), text) for name, text in planned.fields.items()]
    got += [(field_words(f"attribute:{name}", {}), value) for name, value in planned.attributes.items()]
    got += [(_("Tags"), ", ".join(tags))] if tags else []
    got += [(_("Collections"), ", ".join(collections))] if collections else []
    return got + ([(_("Common library"), _("it comes into it"))] if planned.common else [])

"""Deciding about many groups at once: what would be done is shown first, then it is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from gallery.curation import merge
from gallery.models import Collection, Image, Tag
from gallery.people.permissions import requires
from gallery.people.roles import Role
from review.duplicates import schedule
from review.duplicates.decide import bulk
from review.duplicates.decide.in_force import Kind
from review.duplicates.decide.plan import BulkPlan, PlannedGroup, gains_of, make_plan
from review.duplicates.forms import TIER, PlanForm
from review.duplicates.show.visible import GroupFilter, open_groups
from review.exceptions import DuplicatesError
from review.models import DuplicateGroup
from review.views.duplicate_acts import back_of, start

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SAMPLE = 6
"""Groups that a preview shows."""


@require_POST
@requires(Role.REVIEWER)
def plan(request: HttpRequest) -> HttpResponse:
    """Show what deciding about these groups would do; nothing is changed."""
    form = PlanForm(request.POST)
    try:
        found = _plan(request, form)
    except DuplicatesError as error:
        messages.error(request, str(error), extra_tags=error.params.get("codes", error.code))
        return redirect(back_of(request))
    asked = form.cleaned_data
    merges = asked["action"] == Kind.KEEP_ONE
    context: dict[str, Any] = {
        "plan": found,
        "asked": asked,
        "merges": merges,
        "gains": gains_of(found.entries) if merges else None,
        "samples": _samples(found.entries[:SAMPLE], cast("User", request.user), merges=merges),
        "num_more": max(0, len(found.entries) - SAMPLE),
        "selected": ",".join(map(str, asked["group"])),
        "back": back_of(request),
        "takes_a_while": len(found.entries) > bulk.AT_ONCE,
    }
    return render(request, "review/duplicates_plan.html", context)


@require_POST
@requires(Role.REVIEWER)
def apply(request: HttpRequest) -> HttpResponse:
    """Do what a preview showed."""
    form = PlanForm(request.POST)
    try:
        found, asked = _plan(request, form), form.cleaned_data
        # Planned again since the preview: what was decided in between has dropped out.
        row = bulk.ask(found, asked["action"], cast("User", request.user), merges=asked["merges"])
    except DuplicatesError as error:
        messages.error(request, str(error), extra_tags=error.params.get("codes", error.code))
    else:
        start(request, row)
    return redirect(back_of(request))


def _plan(request: HttpRequest, form: PlanForm) -> BulkPlan:
    """Return the plan that a form asks for.

    Raises
    ------
    DuplicatesError : there is none
    """
    if not form.is_valid():
        raise DuplicatesError("plan_refused", problems=" ".join(form.problems(named=False)), codes=form.codes())
    asked, user = form.cleaned_data, cast("User", request.user)
    scan = schedule.newest_ready()
    if scan is None or scan.pk != asked["scan"]:
        raise DuplicatesError("groups_made_again")
    collection = None
    if asked["collection"]:
        collection = Collection.objects.visible_to(user).filter(pk=asked["collection"]).first()
        if collection is None:
            raise DuplicatesError("collection_not_there")
    groups = open_groups(scan, GroupFilter(asked["tier"], collection), user)
    return make_plan(_chosen(groups, asked), asked["action"], user)


def _chosen(groups: QuerySet[DuplicateGroup], asked: dict[str, Any]) -> QuerySet[DuplicateGroup]:
    return groups if asked["scope"] == TIER else groups.filter(pk__in=asked["group"])


def _samples(entries: Sequence[PlannedGroup], user: User, *, merges: bool) -> list[dict[str, Any]]:
    """Return the first groups of a plan, each with what would be merged."""
    images = Image.objects.in_bulk([image_id for entry in entries for image_id in entry.members])
    samples = []
    for entry in entries:
        others = [images[image_id] for image_id in entry.others]
        gained = _gained(entry, user) if merges else []
        samples.append({"keeper": images[entry.keeper], "others": others, "gained": gained})
    return samples


def _gained(entry: PlannedGroup, user: User) -> list[str]:
    """Return what the image that stays would get, in words; collections that this person may not see are not named."""
    merged = merge.plan(entry.keeper, entry.others)
    tags = Tag.objects.filter(pk__in=merged.tag_ids).values_list("name", flat=True)
    collections = Collection.objects.visible_to(user).filter(pk__in=merged.collection_ids)
    words = [
        (_("tags: %s"), list(tags)),
        (_("collections: %s"), list(collections.values_list("name", flat=True))),
        (_("attributes: %s"), [f"{name}: {value}" for name, value in merged.attributes.items()]),
        (_("texts: %s"), list(merged.fields.values())),
    ]
    return [text % ", ".join(values) for text, values in words if values]

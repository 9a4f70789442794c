"""Decisions about duplicates: keep all, keep one, or different; and undoing a decision.

A decision is about images, known by their bytes, not about a group: it holds although a scan has replaced the group
since. Each is one transaction; what it did to the library is kept with it, so that it can be undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gallery.audit_events import Action, log_act, logged_at_end, subject_of
from gallery.batches import batches
from gallery.curation import merge, visibility
from gallery.models import Image
from gallery.people.roles import Role
from review.duplicates.decide.in_force import Kind, in_force
from review.duplicates.decide.resolve import close_groups, open_again
from review.duplicates.schedule import newest_ready
from review.exceptions import DuplicatesError
from review.models import DecidedImage, DuplicateBulk, DuplicateDecision, Verdict
from review.queues.locks import lock_pair
from review.verdicts.decide import decide, newest_of, take_turns
from review.verdicts.record import sorted_pair
from search.public.pairs import score_pairs
from search.public.weights import site_weights

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def keep_all(
    image_ids: Iterable[int], user: User, *, about: Mapping[str, Any] | None = None, bulk: DuplicateBulk | None = None
) -> DuplicateDecision:
    """Keep images side by side: this set never comes again.

    Parameters
    ----------
    image_ids : of the set; one image alone is one whose bytes came again
    user : who decides
    about : what the decision rests on, such as tier and score
    bulk : the act on many groups that this is part of; then that tells of it

    Returns
    -------
    decision : the new one; that of before, where this person keeps this very set already (another window)

    Raises
    ------
    DuplicatesError : an image is gone, or this person reviews not all of them; nothing is changed
    """
    with logged_at_end():
        images = _read(image_ids, user, Role.REVIEWER)
        if known := _kept_by(user, images):
            _settle(known, images)
            return known
        decision = _record(Kind.KEEP_ALL, images, user, dict(about or {}), bulk)
        _settle(decision, images)
        if bulk is None:
            _tell(decision, images)
    return decision


def keep_one(
    keeper_id: int,
    other_ids: Iterable[int],
    user: User,
    *,
    merges: bool,
    about: Mapping[str, Any] | None = None,
    bulk: DuplicateBulk | None = None,
) -> DuplicateDecision:
    """Keep one image and move the others to the trash.

    Parameters
    ----------
    keeper_id : the image that stays
    other_ids : those that go
    user : who decides
    merges : first the keeper gets the tags, collections, attributes and texts that it lacks
    about, bulk : see `keep_all`

    Raises
    ------
    DuplicatesError : an image is gone, or this person curates not all of them; nothing is changed
    """
    others = list(other_ids)
    with logged_at_end():
        images = _read([keeper_id, *others], user, Role.CURATOR)
        keeper = next(image for image in images if image.pk == keeper_id)
        state: dict[str, Any] = {**(about or {}), "keeper": keeper.sha256, "trashed": others}
        if merges:
            try:
                state["merged"] = merge.merge(keeper_id, others, user).as_state()
            except merge.MergeError as error:
                raise DuplicatesError(error.code, **error.params) from error
        else:
            visibility.trash(others, user)
        decision = _record(Kind.KEEP_ONE, images, user, state, bulk)
        _settle(decision, images)
        if bulk is None:
            _tell(decision, images)
    return decision


def tell_apart(image_id: int, other_ids: Iterable[int], user: User) -> list[Verdict]:
    """Record that an image shows something else than the others: one verdict on each pair.

    Raises
    ------
    DuplicatesError : an image is gone, or this person reviews not all of them; nothing is changed
    """
    others = [other for other in other_ids if other != image_id]
    with logged_at_end():
        images = _read([image_id, *others], user, Role.REVIEWER)
        if len(images) < 2:
            raise DuplicatesError("differs_from_nothing")
        one = next(image for image in images if image.pk == image_id)
        differing = [image for image in images if image.pk != image_id]
        states = _states(one, differing)
        take_turns(user)
        for pair in sorted(sorted_pair(one.sha256, other.sha256) for other in differing):
            lock_pair(pair)
        return [_differ(user, one, other, state) for other, state in zip(differing, states, strict=True)]


def _differ(user: User, one: Image, other: Image, state: Mapping[str, Any]) -> Verdict:
    """Record "different" once, though another window said so already."""
    newest = newest_of(user, one.sha256, other.sha256)
    # The page of duplicates shows no verdicts, so none can have been overlooked on it.
    seen = newest.pk if newest else 0
    return decide(user, one.sha256, other.sha256, Verdict.Kind.DIFFERENT, state=state, seen=seen, in_turn=True)


def undo(decision: DuplicateDecision, user: User, *, bulk: DuplicateBulk | None = None) -> int:
    """Take a decision back: images come back from the trash, the keeper gives back what it got, the set comes again.

    Returns
    -------
    num_restored : images that came back

    Raises
    ------
    DuplicatesError : it is somebody else's, was undone already, or needs a role that this person no longer has
    """
    with logged_at_end():
        if decision.author_id != user.pk:
            raise DuplicatesError("decided_by_another", name=decision.author_name)
        DuplicateDecision.objects.select_for_update().get(pk=decision.pk)  # of two windows the later one waits here
        if not in_force().filter(pk=decision.pk).exists():
            raise DuplicatesError("undone_already")
        hashes = list(decision.images.values_list("sha256", flat=True))
        num_restored = _take_back(decision, hashes, user)
        # Sums, not images: some may be gone for good.
        undone = _record(Kind.UNDONE, [], user, {}, bulk, undoes=decision, hashes=hashes)
        open_again([decision])
        if bulk is None:
            log_act(user, Action.DUPLICATES, subject_of(hashes), undoes=decision.pk, decision=undone.pk)
    return num_restored


def _states(one: Image, others: Sequence[Image]) -> list[dict[str, Any]]:
    """Return what verdicts on an image and each of the others rest on: scores, weights, versions, generation."""
    found = score_pairs([(one.pk, other.pk) for other in others], site_weights())
    return [score.as_state() | {"first": one.sha256, "page": "duplicates"} for score in found]


def _take_back(decision: DuplicateDecision, hashes: Sequence[str], user: User) -> int:
    """Undo in the library what a decision did there."""
    if decision.kind != Kind.KEEP_ONE:
        return 0
    images = Image.objects.filter(sha256__in=hashes)
    if images.count() > Image.objects.with_role(user, Role.CURATOR).filter(sha256__in=hashes).count():
        raise DuplicatesError("curator_no_longer")
    if "merged" in decision.state:
        return merge.unmerge(merge.Merged.from_state(decision.state["merged"]), user)
    # What a later merge put there is for that merge to bring back.
    mine = Image.objects.filter(pk__in=decision.state["trashed"], merged_into=None)
    return visibility.restore(list(mine.values_list("pk", flat=True)), user)


def _kept_by(user: User, images: Sequence[Image]) -> DuplicateDecision | None:
    """Return the decision by which a person keeps exactly these images; None when there is none."""
    hashes = {image.sha256 for image in images}
    # One image narrows it by an index; whether the whole set is the same is seen here.
    mine = in_force().filter(kind=Kind.KEEP_ALL, author=user, images__sha256=images[0].sha256)
    for decision in mine.prefetch_related("images"):
        if {each.sha256 for each in decision.images.all()} == hashes:
            return decision
    return None


def _read(image_ids: Iterable[int], user: User, least: Role) -> list[Image]:
    """Return the images of a set, all of them there and this person's to decide about, until the transaction ends."""
    wanted = sorted(set(image_ids))
    # By rising id like every lock on images, and of these rows alone: what visibility joins may stay free.
    known = Image.objects.select_for_update(of=("self",)).shown().visible_to(user)
    found = [image for part in batches(wanted) for image in known.filter(pk__in=part).order_by("pk")]
    may = {pk for part in batches(wanted) for pk in _allowed(part, user, least)}
    if len(may) < len(found) or not wanted:
        raise DuplicatesError("role_for_all_images", role=str(least.label), num=len(wanted), may=len(may))
    if len(found) < len(wanted):
        raise DuplicatesError("images_gone", gone=len(wanted) - len(found), num=len(wanted))
    return found


def _allowed(image_ids: Sequence[int], user: User, least: Role) -> list[int]:
    images = Image.objects.shown().filter(pk__in=image_ids).with_role(user, least)
    return list(images.values_list("pk", flat=True))


def _record(
    kind: str,
    images: Sequence[Image],
    user: User,
    state: dict[str, Any],
    bulk: DuplicateBulk | None,
    *,
    undoes: DuplicateDecision | None = None,
    hashes: Sequence[str] = (),
) -> DuplicateDecision:
    decision = DuplicateDecision.objects.create(
        kind=kind, author=user, author_name=user.get_username(), state=state, bulk=bulk, undoes=undoes
    )
    sums = [image.sha256 for image in images] or hashes
    DecidedImage.objects.bulk_create([DecidedImage(decision=decision, sha256=sha256) for sha256 in sums])
    return decision


def _settle(decision: DuplicateDecision, images: Sequence[Image]) -> None:
    """Let the groups vanish that hold nothing but these images."""
    scan = newest_ready()
    if scan is not None:
        close_groups(scan, {decision.pk: frozenset(image.sha256 for image in images)})


def _tell(decision: DuplicateDecision, images: Sequence[Image]) -> None:
    hashes = [image.sha256 for image in images]
    about = {"keeper": decision.state["keeper"]} if "keeper" in decision.state else {}
    log_act(
        decision.author,
        Action.DUPLICATES,
        subject_of(hashes),
        kind=decision.kind,
        decision=decision.pk,
        sha256=hashes,
        **about,
    )

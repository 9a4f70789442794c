"""Settling groups that a decision has seen to, so that they vanish before the next scan, and opening them again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from gallery.batches import batches, lock_rows
from review.duplicates.decide.in_force import kept_sets
from review.models import DuplicateDecision, DuplicateGroup, DuplicateMember, DuplicateScan


def close_groups(scan: DuplicateScan, sets: dict[int, frozenset[str]]) -> int:
    """Settle the groups of a scan whose images all lie in one of the sets, by decision; return how many those are.

    A group of one image, whose bytes came again, is settled by a decision about that image alone.
    """
    decisions: defaultdict[str, list[int]] = defaultdict(list)
    for decision_id, hashes in sets.items():
        for sha256 in hashes:
            decisions[sha256].append(decision_id)
    settled: defaultdict[int, list[int]] = defaultdict(list)
    for group_id, inside in _members(scan, list(decisions)).items():
        asked = {number for sha256 in inside for number in decisions.get(sha256, ())}
        by = [number for number in sorted(asked) if _covers(sets[number], inside)]
        if by:
            settled[by[-1]].append(group_id)  # the newest of those that cover it
    lock_rows(DuplicateGroup.objects.all(), [pk for group_ids in settled.values() for pk in group_ids])
    for decision_id, group_ids in settled.items():
        for part in batches(group_ids):
            DuplicateGroup.objects.filter(pk__in=part).update(decision_id=decision_id)
    return sum(map(len, settled.values()))


def close_decided(scan: DuplicateScan, *, after: int) -> int:
    """Settle the groups of a scan that were decided to be kept since; see `close_groups`."""
    return close_groups(scan, kept_sets(after=after))


def open_again(decisions: Iterable[DuplicateDecision]) -> int:
    """Show the groups again that these decisions settled; return how many those are."""
    num_opened = 0
    for part in batches([decision.pk for decision in decisions]):
        groups = DuplicateGroup.objects.filter(decision__in=part)
        lock_rows(groups, groups.values_list("pk", flat=True))
        num_opened += groups.update(decision=None)
    return num_opened


def _covers(kept: Collection[str], hashes: Collection[str]) -> bool:
    # One image is in many sets that were kept for other reasons; only a decision about it alone is about its repeats.
    return set(hashes) == set(kept) if len(hashes) == 1 else set(hashes) <= set(kept)


def _members(scan: DuplicateScan, hashes: list[str]) -> dict[int, set[str]]:
    """Return the sums of all images of the open groups of a scan that hold any of these."""
    members = DuplicateMember.objects.filter(group__scan=scan, group__decision=None).order_by()
    touched: set[int] = set()
    for part in batches(hashes):
        touched |= set(members.filter(image__sha256__in=part).values_list("group_id", flat=True))
    found: defaultdict[int, set[str]] = defaultdict(set)
    for group_ids in batches(sorted(touched)):
        for group_id, sha256 in members.filter(group__in=group_ids).values_list("group_id", "image__sha256"):
            found[group_id].add(sha256)
    return dict(found)

"""What the codes of review's errors say: what was expected, what came, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from jobs import errors

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


def _row_refused(about: errors.Params) -> str:
    place = _("line %(number)s") if about["kind"] == "line" else _("verdict %(number)s")
    why = errors.sentence(about["code"], about["params"])
    return _("%(place)s: %(why)s") % {"place": place % about, "why": why}


SENTENCES: dict[str, str | _StrPromise | Callable[[errors.Params], str]] = {
    "anchor_not_written": _(
        "The audit is intact, but its end could not be written to the file of anchors: %(why)s. Mend this, and check"
        " again."
    ),
    "audit_end_gone": _("This row was written down as the end of the audit and is not there."),
    "audit_hash_differs": _("Its hash is not the one that was written down."),
    "audit_link_broken": _("The row does not follow the one before it: one of the two was replaced."),
    "audit_row_changed": _("The row does not say what it said when it was written."),
    "audit_row_inserted": _("Expected row %(expected)s here."),
    "audit_rows_missing": _("Expected row %(expected)s here: rows are missing."),
    "audit_unguarded": _(
        "The database does not guard %(table)s against changes; `manage.py migrate` puts its triggers back."
    ),
    "another_reader_since": _("Nothing was undone: another reader has decided about this pair since."),
    "asker_gone": _("The account of the person who asked for this is gone."),
    "collection_not_there": _("This collection is not there any more; nothing was changed."),
    "collection_searched_gone": _("The collection that was searched is not there any more, or closed to you."),
    "columns_missing": _("Expected a first line with the columns %(needed)s; missing: %(missing)s."),
    "curator_no_longer": _("You are no longer a curator of all these images; ask somebody who is to restore them."),
    "decided_by_another": _("Only the person who decided can undo a decision; this was %(name)s."),
    "decided_in_another_window": _("You decided “%(kind)s” about this pair at %(time)s in another window."),
    "differs_from_nothing": _("Expected an image and those that it differs from; got one image alone."),
    "doubted_meanwhile": _(
        "People disagree about two of these images meanwhile, or are unsure; look at the group by itself."
    ),
    "one_image_recorded": _(
        "Expected a search for one whole image; searches by several examples, or by a part of an image, cannot be"
        " recorded yet."
    ),
    "expected_image_there": _("Expected a search for an image that is there; this one is not."),
    "file_unreadable_as_kind": _("%(name)s cannot be read as text of its kind: %(why)s."),
    "first_reading_stays": _(
        "Another reader has decided since, so your first reading stays. Your new verdict is kept beside it."
    ),
    "groups_made_again": _(
        "The groups were made again while you looked at them; nothing was changed. Look at them again."
    ),
    "image_removed_meanwhile": _(
        "One of the images was removed meanwhile. Your verdict is kept, but the pair has left the queue."
    ),
    "image_searched_gone": _("The image searched for is not in the library now."),
    "images_gone": _(
        "%(gone)s of these %(num)s images are not in the library any more, or closed to you; nothing was changed. Load"
        " the page again to see what is left."
    ),
    "never_changed": _("Verdicts and audit rows are never changed or removed; record a new one, which then counts."),
    "no_list_of_verdicts": _("Expected a list of objects, or an object with such a list named “verdicts”."),
    "no_object": _("expected a JSON object in %(column)s."),
    "no_text": _("expected text in %(columns)s."),
    "no_time": _("expected a time such as 2026-03-31T14:05:00+02:00 in %(column)s, got “%(got)s”."),
    "no_verdict_file": _("Expected a .csv or a .json file, got %(name)s."),
    "no_author": _("A verdict needs its author's name, of at most %(most)s characters; got “%(name)s”."),
    "no_hash": _("Expected a SHA-256 sum of 64 hexadecimal digits, got “%(got)s”."),
    "not_an_anchor": _("Expected an anchor as HASH:NUMBER, with 64 hexadecimal digits, got “%(got)s”."),
    "one_image_to_start_from": _(
        "Expected a search for one whole image, whose pairs can be reviewed; this one has several examples, or a part"
        " of an image."
    ),
    "no_image_to_start_from": _(
        "Expected a search that starts from an image of the gallery; this one does not, or the image is gone."
    ),
    "no_pair_left": _("No pair is left to be judged: %(num)s were judged already or wait in another queue."),
    "not_decided_in_this_queue": _("There is nothing to undo: you have not decided about this pair in this queue."),
    "note_too_long": _("A note holds at most %(most)s characters; this one has %(num)s."),
    "nothing_tells_doubt": _(
        "Nothing tells yet which pairs are doubtful: expected learned weights with at least %(least)s judged pairs of"
        " either kind, or a measurement in the lab. Measure there, or queue the nearest pairs first."
    ),
    "nothing_to_decide": _("There is nothing to decide: none of these groups is yours to decide about."),
    "one_image_twice": _("A verdict is about two images; both are %(sha256)s."),
    "plan_refused": "%(problems)s",
    "query_gone": _("This uploaded query is gone or not yet described; upload the image again."),
    "queue_closed_meanwhile": _(
        "This queue was closed meanwhile. Your verdict is kept, as one made outside of the queue."
    ),
    "read_by_others_meanwhile": _(
        "Your time for this pair was over and others have read it. Your verdict is kept beside theirs."
    ),
    "role_for_all_images": _("This needs the role “%(role)s” for all %(num)s images; you have it for %(may)s."),
    "role_withdrawn": _(
        "Nothing was undone: that needs the role “%(role)s” for both images, which you no longer have. Your verdict"
        " stays."
    ),
    "row_refused": _row_refused,
    "still_being_done": _("This is still being done; it can be undone when it has ended."),
    "too_few_to_pair": _(
        "Expected at least two images with features to make pairs of; there are %(num)s. Add some, or wait."
    ),
    "undone_already": _("This was undone already."),
    "unknown_verdict": _("Unknown verdict “%(kind)s”; expected one of: %(expected)s."),
}
errors.register(SENTENCES)

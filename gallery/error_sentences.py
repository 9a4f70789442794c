"""What the codes of the gallery's errors say: what was expected, what came, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from jobs import errors

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


def _images_of_others(about: errors.Params) -> str:
    text = ngettext(
        "You may look at %(n)d of these images but not change it; nothing was changed.",
        "You may look at %(n)d of these images but not change them; nothing was changed.",
        about["n"],
    )
    return text % about


def _in_no_other_collection(about: errors.Params) -> str:
    text = ngettext(
        "%(n)s image is in no other collection and not in the common library: only admins would see it. Add it to"
        " another one first, or move it to the trash.",
        "%(n)s images are in no other collection and not in the common library: only admins would see them. Add"
        " them to another one first, or move them to the trash.",
        about["n"],
    )
    return text % about


def _samples_missing(about: errors.Params) -> str:
    text = (
        _("Expected the photographs %(names)s inside scikit-image, looked in %(folders)s; install scikit-image again.")
        if about["folders"]
        else _("Expected the photographs %(names)s inside scikit-image, which is not installed; install it.")
    )
    return text % {name: ", ".join(listed) for name, listed in about.items()}


def _undo_takes_out_of_sight(about: errors.Params) -> str:
    text = ngettext(
        "Nothing was undone: %(n)d image would be in no collection and not in the common library, where only admins"
        " would see it. Add it to a collection first.",
        "Nothing was undone: %(n)d images would be in no collection and not in the common library, where only admins"
        " would see them. Add them to a collection first.",
        about["n"],
    )
    return text % about


SENTENCES: dict[str, str | _StrPromise | Callable[[errors.Params], str]] = {
    "change_undone_already": _("This was undone already."),
    "choose_own": _("Choose a collection: you may add to %(own)s."),
    "collection_closed": _("The name “%(name)s” is taken by a collection that is closed to you; choose another."),
    "collection_not_theirs": _("You may look at “%(name)s” but not add to it; ask one of its curators."),
    "curates_no_longer": _("You are not a curator of all these images any more; nothing was undone."),
    "file_absent": _("This file is not there now. Try again later, or upload the image again."),
    "file_unreadable": _(
        "This file cannot be read now. Try again in a minute; if that does not help, ask an admin: the log says why."
    ),
    "images_of_others": _images_of_others,
    "in_no_other_collection": _in_no_other_collection,
    "keeper_among_others": _("The image that should stay is also among those that should go. Choose one of the two."),
    "keeper_gone": _("The image that should stay is not in the library any more. Choose another one."),
    "last_admin": _("“%(name)s” is the only admin; make somebody else an admin first."),
    "last_curator": _("“%(name)s” is the only curator of this private collection; make somebody else one first."),
    "no_admins_of_collections": _(
        "There are admins of the site only; the most that one can be in a collection is curator."
    ),
    "no_such_collection": _("There is no collection “%(name)s”, and you may not make one. You may add to %(own)s."),
    "not_its_curator": _("You are not a curator of “%(name)s”; nothing was changed."),
    "nothing_to_undo": _("There is nothing to undo here: acts can be undone for %(days)s days, by whoever did them."),
    "others_gone": _("None of the images that should go is in the library any more; nothing was changed."),
    "samples_missing": _samples_missing,
    "title_too_long": _(
        "Titles have at most %(most)s characters; that of “%(name)s” would have %(length)s. Shorten the pattern."
    ),
    "too_few_to_merge": _("Merging needs at least two images. Select them in the gallery."),
    "too_many_to_merge": _("Expected at most %(most)s images to merge, got %(number)s. Select fewer."),
    "unknown_place": _("Expected %(known)s between braces in the title, got {%(name)s}."),
    "undo_takes_out_of_sight": _undo_takes_out_of_sight,
}
errors.register(SENTENCES)

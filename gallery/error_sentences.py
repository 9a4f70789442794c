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
    "curates_no_longer": _("You are not a curator of all these images any more; nothing was undone."),
    "file_absent": _("This file is not there now. Try again later, or upload the image again."),
    "file_unreadable": _(
        "This file cannot be read now. Try again in a minute; if that does not help, ask an admin: the log says why."
    ),
    "images_of_others": _images_of_others,
    "nothing_to_undo": _("There is nothing to undo here: acts can be undone for %(days)s days, by whoever did them."),
    "undo_takes_out_of_sight": _undo_takes_out_of_sight,
}
errors.register(SENTENCES)

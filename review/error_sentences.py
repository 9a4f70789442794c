"""What the codes of review's errors say: what was expected, what came, and what to do."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jobs import errors

SENTENCES = {
    "asker_gone": _("The account of the person who asked for this is gone."),
    "decided_by_another": _("Only the person who decided can undo a decision; this was %(name)s."),
    "doubted_meanwhile": _(
        "People disagree about two of these images meanwhile, or are unsure; look at the group by itself."
    ),
    "nothing_to_decide": _("There is nothing to decide: none of these groups is yours to decide about."),
    "still_being_done": _("This is still being done; it can be undone when it has ended."),
    "undone_already": _("This was undone already."),
}
errors.register(SENTENCES)

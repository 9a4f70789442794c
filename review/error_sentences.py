"""What the codes of review's errors say: what was expected, what came, and what to do."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jobs import errors

SENTENCES = {
    "asker_gone": _("The account of the person who asked for this is gone."),
    "collection_searched_gone": _("The collection that was searched is not there any more, or closed to you."),
    "curator_no_longer": _("You are no longer a curator of all these images; ask somebody who is to restore them."),
    "decided_by_another": _("Only the person who decided can undo a decision; this was %(name)s."),
    "decided_in_another_window": _("You decided “%(kind)s” about this pair at %(time)s in another window."),
    "differs_from_nothing": _("Expected an image and those that it differs from; got one image alone."),
    "doubted_meanwhile": _(
        "People disagree about two of these images meanwhile, or are unsure; look at the group by itself."
    ),
    "expected_image_there": _("Expected a search for an image that is there; this one is not."),
    "image_searched_gone": _("The image searched for is not in the library now."),
    "images_gone": _(
        "%(gone)s of these %(num)s images are not in the library any more, or closed to you; nothing was changed. Load"
        " the page again to see what is left."
    ),
    "nothing_to_decide": _("There is nothing to decide: none of these groups is yours to decide about."),
    "query_gone": _("This uploaded query is gone or not yet described; upload the image again."),
    "role_for_all_images": _("This needs the role “%(role)s” for all %(num)s images; you have it for %(may)s."),
    "still_being_done": _("This is still being done; it can be undone when it has ended."),
    "undone_already": _("This was undone already."),
}
errors.register(SENTENCES)

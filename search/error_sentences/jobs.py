"""What is said of background work on the search index, the map, weights and uploaded queries."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jobs import errors


def _each(params: errors.Params) -> str:
    """Return the sentences of several errors, one after the other."""
    return " ".join(errors.sentence(code, about) for code, about in params["errors"])


SENTENCES: dict[str, errors.Template] = {
    "build_running": _("Another build of the search index is running; wait until it ends."),
    "collection_gone": _("The collection %(name)s is gone."),
    "drawing_running": _("Another drawing of the map is running; wait until it ends."),
    "file_error": "%(text)s",
    "index_absent": "%(because)s",
    "index_damaged": "%(because)s",
    "index_limited": _each,
    "map_absent": _("The files of the map cannot be reached now; it is tried again."),
    "methods_failed": _each,
    "methods_gone": _("These weights cannot be used: all their methods are gone (%(methods)s). Learn new ones."),
    "no_such_map": _("There is no map by %(unknown)s: expected a method with features to lay out (%(expected)s)."),
    "not_learned_yet": _("These weights cannot be used: expected weights that are learned, these are “%(state)s”."),
    "nothing_to_build_from": _("There is nothing to build the search index from yet: no features are ready."),
    "too_few_for_map": _("A map needs at least %(least)s images with features; there are %(num)s."),
    "too_little_to_learn_from": _(
        "Too little to learn from (%(sets)s): expected queries of at least two groups, one to be held out."
    ),
    "upload_unavailable": _("The uploaded file is no longer kept; upload it again."),
}

"""What is said of the training of networks, and of what they are written as."""

from __future__ import annotations

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from jobs import errors


def _too_few_photographs(params: errors.Params) -> str:
    text = gettext("expected at least %(least)s photographs to learn from, got %(num)s") % params
    if not params["skipped"]:
        return text
    skipped = ", ".join(f"{count} {reason}" for reason, count in params["skipped"].items())
    return gettext("%(text)s; skipped: %(skipped)s") % {"text": text, "skipped": skipped}


def _no_space(params: errors.Params) -> str:
    text = gettext(
        "the training targets need %(needed).1f GB in %(folder)s, and %(free).1f GB are free; free some space, name"
        " another folder by --out, or ask for fewer --variants"
    )
    return text % {"folder": params["folder"], "needed": params["needed"] / 1e9, "free": params["free"] / 1e9}


def _nobody_in(params: errors.Params) -> str:
    text = ngettext(
        "--held-out: no photograph lies in a folder called %(names)s",
        "--held-out: no photograph lies in folders called %(names)s",
        len(params["names"]),
    )
    return text % {"names": ", ".join(params["names"])}


def _no_teacher(params: errors.Params) -> str:
    # Without what the reason says to do: that is about the network in use.
    reason, _separator, _advice = errors.sentence(**params["because"]).partition(";")
    text = gettext(
        "no teacher: %(reason)s; name a .keras model by --teacher, or a network after `manage.py fetch_weights`"
    )
    return text % {"reason": reason}


def _compared(params: errors.Params) -> str:
    """Return how a new network does beside each of its rivals, one after the other."""
    text = gettext(
        "copies found first %(found).4f, pairs told apart %(apart).5f, against %(rival_found).4f and %(rival_apart).5f"
        " of %(rival)s"
    )
    return "; ".join(text % each for each in params["rivals"])


def _no_better(params: errors.Params) -> str:
    return gettext("%(compared)s: no better") % {"compared": _compared(params)}


ENCODERS: dict[str, errors.Template] = {
    "another_backend_runs": _("Keras runs on %(running)s here already; start a process of its own for %(wanted)s"),
    "backend_missing": _("%(backend)s is not installed; install it, or train with --backend tensorflow"),
    "begun_otherwise": _(
        "%(folder)s was begun with another %(what)s (%(was)s, now %(now)s); name another folder by --out"
    ),
    "begun_with_other_photographs": _("%(folder)s was begun with other photographs; name those, or another --out"),
    "checkpoint_unusable": _("%(path)s cannot be resumed from (%(cause)s); delete it to begin the training again"),
    "folder_holds_training": _("%(folder)s holds a training; go on with --resume, or name another folder by --out"),
    "no_such_label": _nobody_in,
    "no_training_space": _no_space,
    "nothing_to_resume": _("there is nothing to resume in %(folder)s; leave --resume out, or name its folder by --out"),
    "of_another_network": _("its arrays are those of another network"),
    "photographs_damaged": _("%(folder)s is damaged (%(cause)s); delete it, and it is made again"),
    "plan_damaged": _("%(path)s is damaged (%(cause)s); begin again in another folder"),
    "share_expected": _("--held-out: expected a share from 0 to less than 1, or labels; got %(got)s"),
    "too_few_photographs": _too_few_photographs,
}
TEACHERS: dict[str, errors.Template] = {
    "cannot_teach": _("%(name)s cannot teach: expected a .keras model or the name of a keras.applications network"),
    "no_teacher": _no_teacher,
    "teacher_not_averaged": _("%(file)s cannot teach: its features are not averaged from a map of places"),
    "teacher_unusable": _("the teacher cannot be used: %(because)s"),
}
SIAMESE: dict[str, errors.Template] = {
    "adopted_by_rule": _("as asked by --adopt %(rule)s"),
    "better": _compared,
    "content_expected": _("a head needs the content network, which is not available: %(because)s"),
    "loss_not_finite": _("the loss is no number any more; lower the learning rate or train on other pairs"),
    "no_better": _no_better,
    "no_images_to_learn_from": _("there are no images to learn from; import some, or name a folder by --images"),
    "no_rivals": _("there is nothing to compare it with"),
    "none_described": _("none of the judged images is described by content yet; wait for the workers"),
    "none_to_judge_by": _("too few pairs: none of the images held out can be judged by; judge or label more images"),
    "too_few_images": _(
        "too few images: expected at least %(least)s that can be decoded, got %(num)s; import more, or name a folder of"
        " photographs by --images"
    ),
    "too_few_pairs": _(
        "too few pairs: expected at least %(least)s that belong together and %(least)s that do not, besides those held"
        " out for the trial; got %(same)s and %(different)s; judge or label more images, or learn from --pairs views"
    ),
}
EXPORTS: dict[str, errors.Template] = {
    "no_encoder": _("%(path)s is not an encoder of `manage.py train_encoder`; name one"),
    "no_pictures_to_calibrate": _(
        "there are no pictures to set the 8 bits by; import some, or name a folder by --images"
    ),
    "no_wide_weights": _(
        "%(path)s does not hold weights of 16 or 32 bits; name an encoder of `manage.py train_encoder`"
    ),
    "picture_not_square": _(
        "%(path)s takes pictures of %(width)s x %(height)s; expected an encoder of `manage.py train_encoder`"
    ),
    "too_few_to_calibrate": _("expected at least %(least)s pictures to set the 8 bits by, got %(num)s"),
    "too_few_to_check": _("expected at least %(least)s pictures to check the 8 bits by, got %(num)s"),
}
SOURCES: dict[str, errors.Template] = {
    "no_class_network": _(
        "expected a content network from a package, which names classes; %(source)s is none: set DEEP_BACKBONE=lite2"
    ),
    "photographs_gone": _("expected a folder or a zip archive of photographs, and %(path)s is not there"),
    "photographs_unreadable": _("expected a folder or a zip archive of photographs; %(path)s: %(cause)s"),
}
SENTENCES = ENCODERS | TEACHERS | SIAMESE | EXPORTS | SOURCES

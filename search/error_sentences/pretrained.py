"""What is said of networks whose weights come inside packages."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jobs import errors

SENTENCES: dict[str, errors.Template] = {
    "layers_wrong": _("The layers of %(network)s are not as its name says: %(cause)s."),
    "no_classes": _(
        "The content network in use names no classes; set DEEP_BACKBONE to one from a package, such as lite2."
    ),
    "no_photographs": _(
        "The network could not be tried out: expected %(expected)s of the photographs that come with scikit-image, "
        "found %(found)s. Install the requirements again."
    ),
    "no_place": _("The network's file %(path)s cannot be written: %(cause)s. Free some space, or let this user write."),
    "package_absent": _(
        "The network %(network)s is not there: the package %(package)s is not installed. Run `make install`, or "
        "`pip install %(package)s`."
    ),
    "package_damaged": _(
        "The package %(package)s is damaged or not the one that this program knows (%(cause)s); install it again."
    ),
    "says_the_same": _("The network says the same of every photograph: its numbers or its input are wrong."),
    "sees_nothing": _(
        "The network does not know what well-known photographs show (%(pictures)s): its numbers or its input are wrong."
    ),
    "tensors_damaged": _("The weights file %(path)s is damaged (%(cause)s); install or copy it again."),
    "tensors_forbidden": _(
        "The weights file %(path)s asks for %(wanted)s, which weights never need. Nothing of it was run; do not use it."
    ),
    "tensors_unreadable": _("The weights file %(path)s cannot be read: %(cause)s."),
}

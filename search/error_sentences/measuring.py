"""What is said of measurements, and of the weights that are learned."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jobs import errors

MEASUREMENTS: dict[str, errors.Template] = {
    "no_label_shared": _(
        "Nothing can be measured: no two images with features share a label. Import with --label-from-folder."
    ),
    "no_original_decoded": _("Nothing can be measured: no original of the images drawn could be decoded."),
    "no_such_judged_pairs": _("There are no judged pairs called “%(name)s”; expected one of: %(expected)s."),
    "no_such_measurement": _("“%(name)s” cannot be measured by; expected one of: %(expected)s."),
    "too_few_to_copy": _(
        "Nothing can be measured: expected at least two images with features of methods that work here."
    ),
    "verdicts_of_both_kinds_expected": _(
        "Nothing can be measured: expected verdicts of both kinds, pairs that are the same and pairs that are"
        " different, of images with features. Judge some pairs first."
    ),
}
WEIGHTS: dict[str, errors.Template] = {
    "no_method_described": _("Nothing can be learned: no method has described the images. Wait until that is done."),
    "no_such_source": _("Weights cannot be learned from “%(name)s”; expected one or more of: %(expected)s."),
    "too_few_judged_pairs": _(
        "Too few judged pairs (%(source)s): expected at least %(least)s that belong together and as many that do not,"
        " both images with features; got %(same)s and %(different)s. Judge more pairs, or learn from something else."
    ),
    "too_few_labels": _(
        "Nothing can be learned from labels: expected at least two labels of two images with features each, got"
        " %(num)s. Label images, or import them with --label-from-folder."
    ),
    "too_few_to_learn_from_copies": _(
        "Nothing can be learned from copies: expected at least %(least)s images with features of methods that work"
        " here, got %(num)s. Add images, or wait until their features are computed."
    ),
}
SENTENCES = MEASUREMENTS | WEIGHTS

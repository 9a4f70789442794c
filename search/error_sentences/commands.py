"""What commands say that cannot do what they are asked."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jobs import errors

SENTENCES: dict[str, errors.Template] = {
    "comes_along": _("%(backbone)s comes along; name a network of keras.applications, see --list"),
    "names_not_written": _("%(cause)s; free some space or name another file by --out"),
    "encoder_not_written": _("%(cause)s; free some space or name another folder by --out"),
    "file_refused": _("%(path)s: %(because)s"),
    "folder_expected": _("--images: expected a folder, got %(got)s"),
    "image_or_words_expected": _("Expected PATH_OR_ID, --words, or both."),
    "images_without_index": _("The images are stored, but no index could be published: %(because)s"),
    "learned_no_better": _("The weights in use stay: those learned are no better on queries held out."),
    "model_not_written": _("could not write %(path)s: %(cause)s; name another file by --out"),
    "more_expected": _("%(option)s: expected more than %(least)s, got %(got)s"),
    "multiple_expected": _("%(option)s: expected a multiple of %(of)s, got %(got)s"),
    "network_not_written": _("the network could not be written: %(cause)s; nothing changed"),
    "no_collection_named": _("There is no collection “%(name)s”."),
    "no_image_files": _("No image files were found there (JPEG, PNG, TIFF, WebP, GIF, BMP, AVIF by name)."),
    "no_such_file": _("Expected an image file or the number of a gallery image; there is no file “%(got)s”."),
    "number_too_small": _("%(option)s: expected at least %(least)s, got %(got)s"),
    "out_is_encoder": _("--out: %(path)s is the encoder itself; name another file"),
    "out_suffix_expected": _("--out: expected a name that ends in %(expected)s, got %(got)s"),
    "photographs_have_no_verdicts": _("--images goes with --pairs views alone: photographs have no verdicts"),
    "places_missing": _("Expected files or folders; not there: %(paths)s"),
    "redis_silent": _("Redis does not answer at %(url)s: %(cause)s"),
}

"""The closed list of reasons for which a file is refused, each with its sentence."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jobs import errors

REASONS = [
    ("too_large", _("The file is larger than this site accepts.")),
    ("too_many_pixels", _("The image has more pixels than this site accepts.")),
    ("too_many_frames", _("The file has more frames or pages than this site accepts.")),
    (
        "type_not_allowed",
        _("This is not an image type that this site accepts (JPEG, PNG, TIFF, WebP, GIF, BMP, AVIF)."),
    ),
    ("type_mismatch", _("The file's name says one type, its content another.")),
    ("truncated", _("The file ends before the image does; it may not have been copied whole.")),
    ("corrupt", _("The file is damaged and cannot be decoded.")),
    ("decoder_crashed", _("Decoding this file crashed the decoder, so it was given up.")),
    ("decoder_timeout", _("Decoding this file took too long, so it was given up.")),
    ("decoder_memory", _("Decoding this file needed more memory than allowed, so it was given up.")),
    ("disk_full", _("The disk is full; free some space and upload the file again.")),
    (
        "original_unavailable",
        _("The original file cannot be opened at present; it is tried again by itself, or upload it again."),
    ),
    ("internal_retry_exhausted", _("Storing this file failed repeatedly; the log says why.")),
]
errors.register(dict(REASONS))

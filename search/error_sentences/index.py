"""What is said of the files of generations and maps, and of what searches them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jobs import errors

BACKENDS: dict[str, errors.Template] = {
    "annoy_missing": _("annoy is not installed: it is compiled at install time, which needs a C++ compiler"),
    "backend_unavailable": _("index backend “%(name)s”: %(because)s; set INDEX_BACKEND=auto"),
    "faiss_missing": _("faiss is not installed: pip install faiss-cpu"),
    "no_file_uri": _("index: expected a path or a file: URI, got “%(got)s”"),
    "opencv_without_index": _("OpenCV %(version)s has no ANNIndex; it came with OpenCV 5"),
    "unknown_backend": _("unknown index backend “%(name)s”; expected auto, %(expected)s"),
}
VECTORS: dict[str, errors.Template] = {
    "array_rows_expected": _("%(file)s: expected rows of %(expected)s %(dtype)s, got shape %(shape)s, %(got_dtype)s"),
    "code_bits_expected": _("hash index: expected codes of 64 or 128 bits, got %(got)s"),
    "codes_expected": _("hash index: expected codes of %(expected)s uint8, got shape %(shape)s, %(dtype)s"),
    "float_matrix_expected": _("index: expected a float32 matrix of at least one row, got shape %(shape)s, %(dtype)s"),
    "mask_expected": _("index: expected a mask of %(expected)s bool, got shape %(shape)s, %(dtype)s"),
    "no_codes": _("hash index: expected at least one code, got none"),
    "too_many_codes": _("hash index: expected at most %(most)s codes in one file, got more"),
    "vectors_of_another_length": _("index: expected vectors of %(expected)s numbers, got shape %(shape)s"),
}
FILES: dict[str, errors.Template] = {
    "annoy_size_wrong": _("%(file)s: expected an Annoy file of %(dim)s-d rows; its size does not fit"),
    "array_unreadable": _("%(file)s: not a readable array: %(cause)s"),
    "array_wrong": _("%(file)s: expected %(dtype)s of shape %(shape)s, got %(got_dtype)s of %(got_shape)s"),
    "calibration_unreadable": _("%(file)s: not a calibration table: %(cause)s"),
    "codes_lead_astray": _("hash index: a table leads to row %(row)s of %(rows)s; build it again"),
    "codes_of_another_size": _(
        "%(file)s: expected %(rows)s codes of %(code_bytes)s bytes, the file holds %(got_rows)s of %(got_bytes)s"
    ),
    "code_tables_wrong": _("%(file)s: its tables do not lead to its %(rows)s rows"),
    "content_differs": _("%(file)s: its content is not what was published (checksum)"),
    "faiss_index_wrong": _("%(file)s: expected a %(expected)s of cosines, got %(got)s"),
    "faiss_rows_wrong": _(
        "%(file)s: expected %(rows)s rows of %(dim)s numbers, the file holds %(got_rows)s of %(got_dim)s"
    ),
    "faiss_unreadable": _("%(file)s: expected a FAISS index; %(cause)s"),
    "file_missing": _("%(file)s is missing: %(cause)s"),
    "file_missing_whole": _("%(file)s is missing; expected %(expected)s bytes"),
    "file_size_wrong": _("%(file)s holds %(got)s bytes; expected %(expected)s bytes"),
    "code_file_unreadable": _("%(file)s: cannot be read: %(cause)s"),
    "files_unreadable": _("%(folder)s: a file cannot be read: %(cause)s"),
    "format_wrong": _("%(file)s: expected format %(expected)s, got format %(got)s"),
    "header_altered": _("%(file)s: its header was altered: the checksum does not match"),
    "image_ids_unordered": _("%(folder)s: image ids are not in rising order"),
    "index_name_unreadable": _("%(file)s: expected the name of an index, got %(cause)s"),
    "index_rows_wrong": _("%(file)s: expected %(expected)s rows, the file holds %(got)s"),
    "kinds_unreadable": _("%(folder)s: its kinds of images are not as they were written: %(cause)s"),
    "manifest_altered": _("%(folder)s: the manifest was altered: its checksum does not match"),
    "manifest_malformed": _("%(folder)s: the manifest is not readable: %(cause)s"),
    "manifest_of_another": _(
        "%(folder)s: expected format %(format)s of generation %(generation)s, got format %(got_format)s of generation"
        " %(got_generation)s"
    ),
    "manifest_unreadable": _("%(folder)s: the manifest cannot be read: %(cause)s"),
    "mask_wrong": _("%(method)s: expected %(expected)s rows present, the mask says otherwise"),
    "no_code_file": _("%(file)s: expected a file of binary codes; it does not begin like one"),
    "spots_wrong": _("%(file)s: it does not lead to %(spots)s spots"),
}
MAPS: dict[str, errors.Template] = {
    "arrays_do_not_fit": _("%(folder)s: the arrays do not fit together"),
    "folder_away": _("%(folder)s is not there"),
    "catalog_away": _("%(file)s cannot be read now: %(cause)s"),
    "server_left_alone": _("the server of the index did not answer and is asked again in some seconds: %(because)s"),
    "map_manifest_altered": _("%(folder)s: the manifest was altered, or is of another format"),
    "no_map_manifest": _("%(folder)s: the manifest is not that of a map: %(cause)s"),
    "no_sprites_manifest": _("%(folder)s: the manifest is not that of sprites"),
}
SERVING: dict[str, errors.Template] = {
    "exact_search_serves_meanwhile": _(
        "The search index cannot be reached now (%(because)s); exact search over all stored features serves until it is"
        " back."
    ),
    "exact_search_serves": _(
        "The search index is damaged (%(because)s); exact search over all stored features serves until it is rebuilt."
    ),
    "indexes_unreachable": _(
        "The index of %(methods)s cannot be asked now (%(because)s); its images were compared one by one."
    ),
    "previous_index_serves_meanwhile": _(
        "The search index cannot be reached now (%(because)s); the previous search index serves until it is back."
    ),
    "previous_index_serves": _(
        "The search index is damaged (%(because)s); the previous search index serves until it is rebuilt."
    ),
}
SENTENCES = BACKENDS | VECTORS | FILES | MAPS | SERVING

"""What is said of the methods, their networks and the files of these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jobs import errors

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

_KINDS: dict[str, _StrPromise] = {
    "h5": _("weights (.h5)"),
    "any": _("weights (.h5) or a model (.keras, .tflite, .onnx)"),
    "keras": _("a Keras model (.keras)"),
    "tflite": _("a LiteRT model (.tflite)"),
}


def _other_file(params: errors.Params) -> str:
    text = gettext("%(path)s does not hold %(expected)s; correct DEEP_WEIGHTS or fetch the file again")
    return text % {"path": params["path"], "expected": _KINDS[params["kind"]]}


METHODS: dict[str, errors.Template] = {
    "background_not_rising": _(
        "%(path)s: the table of %(method)s does not rise; install the program again, or make the file anew by"
        " benchmarks/background.py"
    ),
    "background_unreadable": _(
        "%(path)s cannot be read (%(cause)s); install the program again, or make the file anew by"
        " benchmarks/background.py"
    ),
    "builds_on_content": _("it builds on content, which is not available: %(because)s"),
    "bytes_expected": _(
        "%(method)s: expected rows of %(expected)s numbers of type uint8, got shape %(shape)s, %(dtype)s"
    ),
    "gray_pictures_expected": _(
        "siamese: expected gray pictures of %(side)s x %(side)s uint8, got shape %(shape)s, %(dtype)s"
    ),
    "lexicon_damaged": _("the lexicon %(path)s is damaged (%(cause)s); restore it"),
    "method_unavailable": _("%(method)s: not available: %(because)s"),
    "names_damaged": _("%(path)s does not hold the names of things (%(cause)s); restore it"),
    "names_nothing": _(
        "search by meaning needs a content network that names what it sees, such as efficientnet-lite2;"
        " %(source)s does not"
    ),
    "no_weight": _("all weights are 0; give at least one method a weight above 0"),
    "not_available": _("not available: %(because)s"),
    "package_missing": _("%(package)s is not installed; install the requirements again"),
    "query_of_another_length": _("%(method)s: query has %(query)s numbers, rows have %(rows)s"),
    "rows_of_another_length": _("%(method)s: expected rows of %(expected)s numbers, got shape %(shape)s"),
    "text_model_damaged": _("the text model of %(package)s cannot be read (%(cause)s); install it again"),
    "textbook_needs_images": _("siamese: the textbook network needs the images themselves"),
    "too_few_keypoints": _("the image has too few distinct spots (%(num)s keypoints, %(least)s are needed)"),
    "unknown_method": _("unknown method “%(name)s”; expected one of %(expected)s"),
    "weight_wrong": _("weight of %(method)s: expected a number of at least 0, got %(got)s"),
}
MODEL_FILES: dict[str, errors.Template] = {
    "encoder_gone": _("the built-in encoder is not there (%(path)s); restore it, or set DEEP_BACKBONE or DEEP_WEIGHTS"),
    "keras_model_damaged": _("%(path)s is a damaged Keras model (%(cause)s); save or copy it again"),
    "model_damaged": _("%(path)s is damaged: its content does not have the checksum it carries; copy it again"),
    "model_file_unreadable": _("cannot read %(path)s: %(cause)s; correct DEEP_WEIGHTS"),
    "network_not_named": _(
        "%(path)s holds the weights of a network that is not named; set DEEP_BACKBONE to its name, such as resnet50"
    ),
    "no_weights": _("no weights for %(backbone)s; run `manage.py fetch_weights` or set DEEP_WEIGHTS"),
    "other_file": _other_file,
    "preprocessing_not_taken": _(
        "a .tflite model prepares the pixels itself, but DEEP_PREPROCESSING is “%(got)s”; unset it"
    ),
    "preprocessing_unclear": _(
        "cannot tell which preprocessing %(file)s expects; set DEEP_PREPROCESSING to a module of keras.applications,"
        " such as resnet, or to %(none)s if the model prepares the pixels itself"
    ),
    "unknown_preprocessing": _(
        "unknown preprocessing “%(got)s”; set DEEP_PREPROCESSING to one of %(expected)s, or to %(none)s if the model"
        " prepares the pixels itself"
    ),
}
NETWORKS: dict[str, errors.Template] = {
    "input_of_another_name": _(
        "deep: %(file)s calls its input “%(got)s”, not “%(expected)s”; it is a model of another program: set"
        " DEEP_PREPROCESSING=%(none)s if it takes plain pixels of 0..255"
    ),
    "keras_model_unreadable": _(
        "deep: could not read %(path)s as a Keras model; correct DEEP_WEIGHTS, or fetch or copy the file again"
        " (%(cause)s)"
    ),
    "litert_model_unreadable": _(
        "deep: could not read %(path)s as a LiteRT model; correct DEEP_WEIGHTS, or fetch or copy the file again"
        " (%(cause)s)"
    ),
    "not_one_input_and_output": _(
        "deep: %(file)s must have one input and one output, it has %(inputs)s and %(outputs)s"
    ),
    "numbers_not_finite": _("deep: the network gives numbers that are not finite; fetch or save its weights again"),
    "output_of_another_shape": _("deep: %(file)s must give one row of numbers per image, it gives %(got)s"),
    "takes_no_fixed_image": _(
        "deep: %(file)s must take one (height, width, 3) image of a fixed size, it takes %(got)s"
    ),
    "takes_no_images": _("deep: %(file)s must take (height, width, 3) images, it takes %(got)s"),
    "weights_unreadable": _(
        "deep: could not read %(path)s as weights of %(backbone)s without top; correct DEEP_WEIGHTS, or fetch or copy"
        " the file again (%(cause)s)"
    ),
    "weights_with_gaps": _(
        "deep: %(path)s lacks numbers for some layers of %(backbone)s; correct DEEP_WEIGHTS, or fetch or copy the file"
        " again"
    ),
}
DOWNLOADS: dict[str, errors.Template] = {
    "download_damaged": _(
        "%(url)s does not have the published checksum %(checksum)s; the download was damaged or the file changed, and"
        " it was thrown away; run the command again"
    ),
    "download_failed": _("could not download %(url)s: %(cause)s; run the command again to go on"),
    "download_not_written": _("could not write %(path)s: %(cause)s; free some space or choose another folder"),
    "no_published_checksum": _(
        "Keras publishes no checksum for %(backbone)s, so its download could not be verified; get %(url)s yourself and"
        " set DEEP_WEIGHTS to its path, or choose another backbone"
    ),
    "unknown_backbone": _(
        "unknown backbone “%(name)s”; expected %(expected)s or another that `manage.py fetch_weights --list` names"
    ),
}
BRANCHES: dict[str, errors.Template] = {
    "array_not_finite": _("%(array)s holds numbers that are not finite"),
    "array_of_another_shape": _("%(array)s: expected shape %(expected)s, got %(got)s"),
    "file_torn": _("%(file)s is torn"),
    "siamese_damaged": _(
        "%(path)s is damaged or no siamese network (%(cause)s); restore it, or train another with `manage.py"
        " train_siamese`"
    ),
    "siamese_list_damaged": _("%(path)s does not name files; delete it and run `manage.py train_siamese`"),
    "siamese_list_unreadable": _("cannot read %(path)s (%(cause)s); delete it and run `manage.py train_siamese`"),
    "siamese_missing": _(
        "no siamese network fits the content network in use (%(content)s); run `manage.py train_siamese`"
    ),
    "siamese_of_another_content": _("%(file)s was trained on content %(source)s; the one in use is %(content)s"),
    "siamese_unreadable": _(
        "cannot read %(path)s: %(cause)s; restore it, or train another with `manage.py train_siamese`"
    ),
    "unknown_architecture": _("unknown architecture “%(got)s”; expected one of %(expected)s"),
    "unknown_format": _("expected format %(expected)s, got format %(got)s"),
}
SENTENCES = METHODS | MODEL_FILES | NETWORKS | DOWNLOADS | BRANCHES

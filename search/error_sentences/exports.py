"""What is said of image encoders in ONNX files."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jobs import errors

SENTENCES: dict[str, errors.Template] = {
    "extra_missing": _("%(package)s is not installed; run `pip install %(package)s`"),
    "text_tower_failed": _("%(path)s was loaded but failed on words (%(cause)s); export or copy it again"),
    "text_tower_same": _("%(path)s says the same of all words; export or copy it again"),
    "text_tower_wrong": _(
        "%(path)s must take tokens, maybe with a mask, and give a row for a text; it takes and gives %(got)s"
    ),
    "tokenizer_damaged": _("%(path)s is no tokenizer that can be used (%(cause)s); export or copy it again"),
    "tokenizer_missing": _("the text tower %(path)s has no tokenizer.json beside it; copy it there"),
    "towers_apart": _("the text tower gives %(got)s numbers, the image tower %(expected)s; take both from one export"),
    "onnx_custom_operators": _(
        "%(path)s needs operators of its own (%(operators)s), which are code that comes with it; export it without"
    ),
    "onnx_damaged": _("%(path)s is cut off, or no ONNX model (%(cause)s); export or copy it again"),
    "onnx_data_missing": _("%(path)s keeps numbers in %(file)s, which is not there; copy it into the same folder"),
    "onnx_data_outside": _(
        "%(path)s keeps numbers in “%(file)s”, outside of its folder, and was not opened; put all files into one folder"
    ),
    "onnx_input_wrong": _("%(path)s must take one image and nothing else, it takes %(got)s; export the image encoder"),
    "onnx_layout_wrong": _(
        "%(path)s must take pixels of shape %(expected)s, as the JSON beside it says; it takes %(got)s"
    ),
    "onnx_model_unreadable": _("could not load %(path)s by ONNX Runtime; export or copy it again (%(cause)s)"),
    "onnx_output_wrong": _(
        "%(path)s must give %(expected)s for an image, it gives %(got)s; name the “output” in the JSON beside it"
    ),
    "onnx_pixels_unknown": _(
        "nothing says what pixels %(model)s takes; write %(expected)s beside it, such as "
        "{“size”: 224, “mean”: [0.5, 0.5, 0.5], “std”: [0.5, 0.5, 0.5]}"
    ),
    "onnx_pixels_wrong": _("%(path)s does not say what pixels the model takes: %(cause)s"),
    "onnx_run_failed": _(
        "%(path)s was loaded but failed on an image (%(cause)s); see that its input is as its JSON says"
    ),
}

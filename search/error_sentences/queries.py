"""What is said of searches: of what is searched for, and of methods that say nothing about an image."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jobs import errors

SEARCHES: dict[str, errors.Template] = {
    "gallery_image_expected": _("Expected a search for an image of the gallery."),
    "image_not_described_yet": _("Image %(id)s has no features yet; try again when they are computed."),
    "kept_image_expected": _("Expected a search for images that are kept here; no others have an address."),
    "no_collection": _("There is no collection %(id)s that you may search."),
    "no_image": _("There is no image %(id)s."),
    "compares_images": _("compares images, and the query is words"),
    "no_letters": _("expected words, but “%(words)s” holds no letter; say in words what the images show"),
    "unknown_writing": _("the text model does not know the writing of “%(words)s”; say it in English or Chinese"),
    "words_not_placed_yet": _("the images are still being placed among words; meanings are compared once that is done"),
    "words_too_long": _(
        "expected at most %(most)s characters of words, these are %(num)s; name the thing in a few words"
    ),
    "only_unlike": _(
        "These examples say only what results should not be like. Add an image or words that they should be like."
    ),
    "region_empty": _("The part of this image is empty: its width and height must be above 0. Draw it again."),
    "region_outside": _(
        "The part of this image lies outside of it: left plus width, and top plus height, are at most 100 %%. Draw it"
        " again."
    ),
    "region_too_small": _(
        "The part of this image measures %(width)s × %(height)s pixels; at least %(least)s × %(least)s are needed. Draw"
        " a larger one."
    ),
    "one_whole_image_expected": _(
        "Expected a search for one whole image; this one has several examples, or a part of an image."
    ),
    "too_many_examples": _("Expected at most %(most)s images as examples; got %(num)s. Take some away."),
    "one_image_expected": _("Expected one image to search for; got %(num)s."),
    "query_expired": _("This query is no longer kept; upload the image again."),
    "query_failed": _("This query could not be described: %(because)s"),
    "query_not_described_yet": _("The features of this query are still being computed; try again in a moment."),
}
ABSENCES: dict[str, errors.Template] = {
    "about_image": _("image %(id)s: %(because)s"),
    "no_pairs_to_judge_by": _("no random pairs to judge it by yet"),
    "not_computed_yet": _("not computed yet"),
    "of_new_version": _(
        "computed by the method's new version; the earlier one serves until every image is computed again"
    ),
    "of_other_version": _("computed by another version of the method than the one that is searched by"),
    "upload_of_other_version": _("computed by another version of the method; upload the image again"),
}
PLACES: dict[str, errors.Template] = {
    "beyond_rerank_depth": _(
        "By the rough comparison that comes first it is number %(rank)s; only the best %(depth)s are compared by every"
        " method."
    ),
    "image_counted_as_removed": _("The index still counts it as removed; the next build of the index puts it right."),
    "image_gone": _("It is not in the library any more."),
    "image_hidden": _("It is hidden, and hidden images are never found."),
    "image_outside_collection": _("It is not in the collection that is searched."),
    "image_without_features": _("None of its features is computed yet; it is found as soon as they are."),
    "no_method_about_both": _("No method with a weight has something to say about both images."),
    "not_brought_up": _(
        "The library is large, and none of the indexes brought it up among its %(depth)s nearest images."
    ),
    "others_more_alike": _("Others are more alike: a search shows at most %(most)s images."),
    "score_above_threshold": _(
        "Its score, %(score)s, is above the threshold: this search shows scores of at most %(limit)s."
    ),
    "score_below_threshold": _(
        "Its score, %(score)s, is below the threshold: this search shows scores of at least %(limit)s."
    ),
}
FEATURES: dict[str, errors.Template] = {
    "stored_vectors_differ": _("%(method)s: stored vectors of one version differ in length: %(lengths)s bytes"),
    "vectors_not_finite": _("%(method)s: vectors hold numbers that are not finite"),
    "vectors_of_another_kind": _("%(method)s: expected vectors %(expected)s; got %(shape)s, %(dtype)s"),
}
SENTENCES = SEARCHES | ABSENCES | PLACES | FEATURES

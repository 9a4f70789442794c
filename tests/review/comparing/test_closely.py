"""What a worker finds out about a pair."""

from __future__ import annotations

import json

import pytest

from gallery.decoding import Refused
from gallery.models import Image
from review.comparing.closely import ALIGNED, MOST_DRAWN, PLAIN, look_closely
from review.inspection.histograms import BINS
from search.features import registry
from tests.gallery.blob_files import original_path

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_methods")]
Pair = tuple[Image, Image]


def test_it_works(pair: Pair) -> None:
    found = look_closely(pair[0].sha256, pair[1].sha256)
    document = json.loads(json.dumps(found.document))
    assert set(found.pictures) == {PLAIN, ALIGNED}
    assert found.pictures[PLAIN].shape == (240, 320, 4)
    assert document["differences"][ALIGNED]["mean"] > 0.95 > document["differences"][PLAIN]["mean"]
    assert document["differences"][ALIGNED]["overlap"] == pytest.approx(0.75 * 0.75, abs=0.01)
    keypoints = document["keypoints"]
    assert 0.8 * keypoints["pairs"] < keypoints["inliers"] <= keypoints["pairs"]
    assert 0 < len(keypoints["points"]) <= MOST_DRAWN
    assert all(len(each) == 4 and all(-0.01 <= place <= 1.01 for place in each) for each in keypoints["points"])
    assert len(keypoints["polygon"]) >= 3
    assert all(0 <= place <= 1 for corner in keypoints["polygon"] for place in corner)
    assert 0.5 < keypoints["area"] <= 1
    assert [len(row) for row in document["histograms"]["first"]] == [BINS] * 4
    assert all(0 < overlap < 1 for overlap in document["histograms"]["overlaps"])


def test_the_textbooks_definitions_are_computed(pair: Pair) -> None:
    document = look_closely(pair[0].sha256, pair[0].sha256).document
    assert document["guides"] == pytest.approx({"color": 1, "ssim": 1})
    assert document["unguided"] == {
        "deep": registry.unavailable_methods()["deep"].as_json()
    }  # nor has texture a definition


def test_images_without_a_common_motion_have_one_map(pair: Pair, other: Image) -> None:
    found = look_closely(pair[0].sha256, other.sha256)
    assert set(found.pictures) == {PLAIN}
    assert found.document["keypoints"]["inliers"] == 0
    assert "matrix" not in found.document["keypoints"]


def test_an_original_that_is_gone_is_an_error(pair: Pair) -> None:
    original_path(pair[1].sha256).unlink()
    with pytest.raises(FileNotFoundError):
        look_closely(pair[0].sha256, pair[1].sha256)


def test_an_original_that_cannot_be_decoded_is_refused(pair: Pair) -> None:
    original_path(pair[1].sha256).write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(Refused):
        look_closely(pair[0].sha256, pair[1].sha256)

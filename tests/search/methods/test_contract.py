"""What every method must do, whoever wrote it: one class over the registry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from search.exceptions import DimensionMismatchError, UnknownMethodError
from search.methods import METHODS, WORDS, Method, PairwiseMethod, RerankMethod, load_method
from search.types import RGBImage
from tests.codes import refused

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(params=METHODS)
def method(request: pytest.FixtureRequest) -> Method:
    """Each method in turn; those that need a network with a small one."""
    if request.param == WORDS:
        return load_method(request.param, request.getfixturevalue("tiny_names"))
    if request.param == "siamese":
        return load_method(request.param, request.getfixturevalue("tiny_head"))
    options = {"weights": request.getfixturevalue("tiny_model")} if request.param == "deep" else None
    return load_method(request.param, options)


@pytest.fixture
def images(picture: RGBImage, rng: np.random.Generator) -> list[RGBImage]:
    """Pictures of many shapes: textured, noisy, flat, one pixel, a single row, a long strip."""
    return [
        picture,
        rng.integers(0, 256, (40, 30, 3), np.uint8),
        np.full((50, 50, 3), 90, np.uint8),
        np.array([[[255, 0, 0]]], np.uint8),
        rng.integers(0, 256, (1, 300, 3), np.uint8),
        rng.integers(0, 256, (700, 9, 3), np.uint8),
        np.zeros((20, 20, 3), np.uint8),
    ]


def rows_are_equal(first: NDArray[np.generic], second: NDArray[np.generic]) -> None:
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-5)


class TestContract:
    def test_it_works(self, method: Method, images: list[RGBImage]) -> None:
        vectors = method.describe(images)
        assert vectors.shape == (len(images), method.dim)
        assert vectors.dtype == method.dtype
        if not method.pairwise and not method.reranks:
            assert method.dtype is np.float32
            np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_registry_and_method_agree(self, method: Method) -> None:
        entry = METHODS[method.name]
        assert entry.pairwise == method.pairwise == isinstance(method, PairwiseMethod)
        assert entry.reranks == method.reranks == isinstance(method, RerankMethod)
        assert entry.default_weight >= 0
        assert method.unavailable() is None

    def test_version_is_short_and_stays(self, method: Method, picture: RGBImage) -> None:
        before = method.version
        method.warm_up()
        method.describe([picture])
        assert method.version == before
        assert 0 < len(before) <= 64

    def test_nothing_gives_no_rows(self, method: Method) -> None:
        assert method.describe([]).shape == (0, method.dim)

    def test_neighbors_in_a_batch_do_not_matter(self, method: Method, images: list[RGBImage]) -> None:
        alone = np.concatenate([method.describe([image]) for image in images])
        rows_are_equal(method.describe(images), alone)

    def test_images_are_left_as_they_are(self, method: Method, picture: RGBImage) -> None:
        picture.flags.writeable = False
        before = picture.copy()
        method.describe([picture])
        np.testing.assert_array_equal(picture, before)

    def test_views_into_other_arrays_are_read_right(self, method: Method, picture: RGBImage) -> None:
        view = picture[::-2, ::-3]
        rows_are_equal(method.describe([view]), method.describe([view.copy()]))

    @pytest.mark.parametrize(
        "wrong",
        [
            np.zeros((4, 4), np.uint8),
            np.zeros((4, 4, 4), np.uint8),
            np.zeros((4, 4, 3), np.float32),
            np.zeros((0, 4, 3), np.uint8),
            np.zeros((4, 0, 3), np.uint8),
        ],
        ids=["gray", "four_channels", "float", "no_rows", "no_columns"],
    )
    def test_what_is_no_picture_is_refused(self, method: Method, picture: RGBImage, wrong: NDArray[np.generic]) -> None:
        with pytest.raises(ValueError, match="image 1:"):
            method.describe([picture, wrong])  # type: ignore[list-item]

    def test_an_image_is_most_like_itself(self, method: Method, images: list[RGBImage]) -> None:
        vectors = method.describe(images)
        scores = np.stack([method.scores(vector, vectors) for vector in vectors])
        assert scores.dtype == np.float32
        if not method.reranks:  # it may find no evidence in a picture without features
            np.testing.assert_allclose(np.diag(scores), 1, atol=1e-5)
            np.testing.assert_allclose(scores, scores.T, atol=1e-5)
        known = scores[~np.isnan(scores)]
        assert (known <= 1 + 1e-5).all()
        assert (known >= -1 - 1e-5).all()

    def test_a_small_change_stays_closer_than_another_picture(self, method: Method, picture: RGBImage) -> None:
        darker = (picture * 0.95).astype(np.uint8)
        other = np.random.default_rng(3).integers(0, 256, picture.shape, np.uint8)
        query, *candidates = method.describe([picture, darker, other])
        close, far = method.scores(query, np.stack(candidates))
        assert close > far

    def test_no_candidates_give_no_scores(self, method: Method, picture: RGBImage) -> None:
        query = method.describe([picture])[0]
        assert method.scores(query, np.empty((0, method.dim), method.dtype)).shape == (0,)

    def test_rows_of_another_length_are_refused(self, method: Method, picture: RGBImage) -> None:
        query = method.describe([picture])[0]
        with pytest.raises(DimensionMismatchError, match=method.name):
            method.scores(query, np.zeros((2, method.dim + 1), method.dtype))

    def test_stand_ins_have_unit_length(self, method: Method, images: list[RGBImage]) -> None:
        if not isinstance(method, PairwiseMethod):
            pytest.skip("a vector method needs no stand-in")
        proxies = method.proxy(method.describe(images))
        assert proxies.dtype == np.float32
        assert proxies.ndim == 2
        np.testing.assert_allclose(np.linalg.norm(proxies, axis=1), 1, atol=1e-5)
        assert method.proxy(np.empty((0, method.dim), method.dtype)).shape == (0, proxies.shape[1])

    def test_codes_are_as_long_as_promised(self, method: Method, images: list[RGBImage]) -> None:
        codes = method.codes(method.describe(images))
        assert method.code_bits % 64 == 0
        assert codes.dtype == np.uint8
        assert codes.shape == (len(images), method.code_bits // 8)
        assert method.codes(np.empty((0, method.dim), method.dtype)).shape == (0, method.code_bits // 8)


def test_unknown_method_is_refused() -> None:
    with refused(UnknownMethodError, "unknown_method", name="smell", expected=list(METHODS)):
        load_method("smell")


def test_asking_what_a_method_is_loads_no_heavy_library() -> None:
    program = """
import sys
from search.methods import METHODS, load_method
for name in METHODS:
    method = load_method(name)
    method.version, method.unavailable()
print(*sorted(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = set(done.stdout.split())
    assert "search.methods.deep" in loaded
    assert loaded & {"django", "tensorflow", "keras", "skimage", "scipy"} == set()

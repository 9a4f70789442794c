"""The siamese method on a small content network: one network asked once, distances, codes, refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.exceptions import DimensionMismatchError, MethodUnavailableError
from search.methods.branches import BITS, HEAD, KOCH, Branch, adopt, files, koch, save
from search.methods.deep import Deep
from search.methods.siamese import Siamese
from search.types import RGBImage
from tests.codes import refused


@pytest.fixture
def siamese(tiny_head: dict[str, Any]) -> Siamese:
    """A head of random numbers on the small encoder."""
    return Siamese(tiny_head)


def test_it_works(siamese: Siamese, picture: RGBImage) -> None:
    content = Deep(siamese.options["deep"]).describe([picture, picture[::-1]])
    rows = siamese.describe([picture, picture[::-1]])
    np.testing.assert_allclose(siamese.derive(content), rows, atol=1e-6)
    assert siamese.derives
    assert siamese.version.startswith("1-head-")


def test_the_process_own_content_network_is_used(siamese: Siamese, picture: RGBImage) -> None:
    content = Deep(siamese.options["deep"])
    siamese.origin = content
    siamese.describe([picture])
    assert content._network is not None


def test_scores_follow_the_distance(siamese: Siamese, picture: RGBImage) -> None:
    other = np.ascontiguousarray(picture[:, ::-1] // 2)
    first, second = siamese.describe([picture, other])
    distance = siamese.distance(picture, other)
    assert siamese.scores(first, second[None])[0] == pytest.approx(1 - distance**2 / 2, abs=1e-5)
    assert siamese.textbook_similarity(picture, other) == pytest.approx(1 / (1 + distance))
    assert siamese.textbook_similarity(picture, picture) == 1


def test_codes_are_the_signs(siamese: Siamese) -> None:
    rows = np.full((2, BITS), -1, np.float32)
    rows[1, [0, 9]] = 1
    codes = siamese.codes(rows)
    assert codes[0].tolist() == [0] * 16
    assert codes[1].tolist() == [128, 64] + [0] * 14
    with refused(DimensionMismatchError, "rows_of_another_length", method="siamese", expected=128):
        siamese.codes(rows[:, :5])


def test_another_content_network_makes_it_unavailable(siamese: Siamese, tiny_model: Path, picture: RGBImage) -> None:
    siamese.origin = Deep({"weights": tiny_model})
    assert siamese.version == "1-unavailable"
    assert not siamese.derives
    reason = siamese.unavailable()
    assert reason is not None
    assert (reason.code, reason.params) == ("siamese_missing", {"content": siamese.origin.version})
    because = {"code": reason.code, "params": reason.params}
    with refused(MethodUnavailableError, "method_unavailable", method="siamese", because=because):
        siamese.describe([picture])


def test_without_content_network_it_is_unavailable(siamese: Siamese, tmp_path: Path) -> None:
    siamese.origin = Deep({"backbone": "resnet50", "weights_dir": tmp_path})
    reason = siamese.unavailable()
    assert reason is not None
    assert (reason.code, reason.params["because"]["code"]) == ("builds_on_content", "no_weights")


def test_a_damaged_file_makes_it_unavailable(tiny_encoder: Path, tmp_path: Path) -> None:
    content = {"weights": tiny_encoder}
    source = Deep(content).version
    path = save(Branch(HEAD, {"weights": np.ones((8, BITS)), "bias": np.zeros(BITS)}, source), tmp_path)
    adopt(tmp_path, source, path)
    siamese = Siamese({"folder": tmp_path, "deep": content})
    assert siamese.unavailable() is None
    path.write_bytes(path.read_bytes()[:-30])
    reason = siamese.unavailable()
    assert reason is not None
    assert (reason.code, reason.params["path"]) == ("siamese_damaged", str(path))
    assert siamese.version == "1-unavailable"


def test_the_version_follows_the_file(tiny_head: dict[str, Any], tmp_path: Path) -> None:
    source = Deep(tiny_head["deep"]).version
    siamese = Siamese(tiny_head | {"folder": tmp_path})
    versions = []
    for bias in (0, 1):
        arrays = {"weights": np.ones((8, BITS)), "bias": np.full(BITS, bias)}
        adopt(tmp_path, source, save(Branch(HEAD, arrays, source), tmp_path))
        versions.append(siamese.version)
    assert len(set(versions)) == 2


def test_the_textbooks_network_looks_at_the_images(
    tiny_head: dict[str, Any], tmp_path: Path, picture: RGBImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(koch, "UNITS", 16)
    monkeypatch.setitem(koch.SHAPES, "dense", (9216, 16))
    monkeypatch.setitem(koch.SHAPES, "dense_shift", (16,))
    monkeypatch.setitem(files_shapes(), "dense", (9216, 16))
    monkeypatch.setitem(files_shapes(), "dense_shift", (16,))
    monkeypatch.setitem(files_shapes(), "weights", (16, BITS))
    rng = np.random.default_rng(1)
    arrays = {name: rng.normal(0, 0.05, shape) for name, shape in files_shapes().items()}
    source = Deep(tiny_head["deep"]).version
    adopt(tmp_path, source, save(Branch(KOCH, arrays), tmp_path))
    siamese = Siamese(tiny_head | {"folder": tmp_path})
    assert siamese.version.startswith("1-guide-")
    assert not siamese.derives
    one = siamese.describe([picture])[0]
    assert one.shape == (BITS,)
    assert siamese.distance(picture, 255 - picture) > 0
    with refused(MethodUnavailableError, "textbook_needs_images"):
        siamese.derive(np.zeros((1, 8), np.float32))


def files_shapes() -> dict[str, tuple[int, ...]]:
    """Return what is expected of the textbook's arrays."""
    from search.methods.branches import branch

    return branch._SHAPES[KOCH]


@pytest.mark.parametrize("backbone", ["compact", "lite2"])
def test_the_network_that_serves_has_its_head(backbone: str, tmp_path: Path, picture: RGBImage) -> None:
    siamese = Siamese({"folder": None, "deep": {"backbone": backbone, "models_dir": tmp_path}})
    assert siamese.unavailable() is None
    path = files.FOLDER / f"siamese-{backbone}.npz"
    assert siamese._find() == path
    assert path.stat().st_size <= 400_000
    rows = siamese.describe([picture, picture[::-1]])
    assert rows.shape == (2, BITS)
    codes = np.unpackbits(siamese.codes(rows), axis=1)
    assert 30 <= codes[0].sum() <= 98  # no code of a picture is nearly all of one kind
    assert files.peek(path).about["figures"]["recall_at_1"] > 0.9


def test_a_network_without_a_head_has_none(tmp_path: Path) -> None:
    siamese = Siamese({"folder": None, "deep": {"backbone": "lite0", "models_dir": tmp_path}})
    reason = siamese.unavailable()
    assert reason is not None
    assert (reason.code, reason.params) == ("siamese_missing", {"content": siamese._content().version})

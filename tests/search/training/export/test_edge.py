from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from search.exceptions import TrainingError, WeightsError
from search.methods.deep import Deep
from search.training.export.edge import Judged, Pictures, export_edge_model, in_words, input_side
from tests.codes import refused


@pytest.fixture
def pictures() -> Pictures:
    """Five kinds of smooth pictures, each eight times with noise."""
    rng = np.random.default_rng(6)
    kinds = rng.integers(0, 256, (5, 4, 4, 3)).repeat(8, axis=1).repeat(8, axis=2)
    noisy = [np.clip(kinds[place % 5] + rng.normal(0, 20, (32, 32, 3)), 0, 255) for place in range(40)]
    return np.stack(noisy).astype(np.uint8)


def labelled(pictures: Pictures) -> Judged:
    return Judged(pictures, np.array([f"c{place % 5}" for place in range(len(pictures))]))


def test_it_works(tiny_encoder: Path, pictures: Pictures, tmp_path: Path) -> None:
    assert input_side(tiny_encoder) == 32
    path = tmp_path / "edge.tflite"
    report = export_edge_model(tiny_encoder, path, pictures[:20], labelled(pictures))
    assert Deep({"weights": path}).describe([pictures[0]]).shape == (1, 8)
    assert report["int8"]["bytes"] == path.stat().st_size
    assert report["float"]["bytes"] == tiny_encoder.stat().st_size
    assert report["float"]["ms"] > 0
    assert 0.9 < report["cosine"]["least"] <= report["cosine"]["p5"] <= report["cosine"]["mean"] <= 1.001
    assert report["map_lost"] == pytest.approx(report["float"]["map"] - report["int8"]["map"], abs=1e-4)
    assert report["pictures"] == {"calibrated_by": 20, "judged_by": 40}
    assert json.loads(json.dumps(report)) == report
    assert f"{report['cosine']['mean']:.4f}" in in_words(report)


def test_without_labels_map_is_not_measured(tiny_encoder: Path, pictures: Pictures, tmp_path: Path) -> None:
    report = export_edge_model(tiny_encoder, tmp_path / "edge.tflite", pictures, Judged(pictures, np.array([""] * 40)))
    assert report["map_lost"] is None
    assert len(in_words(report).splitlines()) == 5  # the last says why there is no mAP


def test_eight_bits_are_not_taken_again(tiny_int8_encoder: Path, pictures: Pictures, tmp_path: Path) -> None:
    with refused(WeightsError, "no_wide_weights", path=str(tiny_int8_encoder)):
        export_edge_model(tiny_int8_encoder, tmp_path / "edge.tflite", pictures, labelled(pictures))
    assert not (tmp_path / "edge.tflite").exists()


@pytest.mark.parametrize(
    ("by", "judged", "code", "num"), [(15, 40, "too_few_to_calibrate", 15), (40, 3, "too_few_to_check", 3)]
)
def test_too_few_pictures_are_refused(
    tiny_encoder: Path, pictures: Pictures, tmp_path: Path, by: int, judged: int, code: str, num: int
) -> None:
    with refused(TrainingError, code, least=16, num=num):
        export_edge_model(tiny_encoder, tmp_path / "edge.tflite", pictures[:by], labelled(pictures[:judged]))
    assert not (tmp_path / "edge.tflite").exists()

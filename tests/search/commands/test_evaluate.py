"""The command evaluate: what it measures, prints and keeps, and how it ends."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from gallery.models import Collection, Image
from search.evaluation import judged_pairs, reference_baseline
from search.evaluation.augmentations import EDITS
from search.evaluation.judged_pairs import JudgedPairs
from search.evaluation.remixes import REMIXES
from search.features import registry
from search.generations import collection_calibration, snapshot
from search.methods import METHODS
from search.models import Evaluation, WeightSet
from search.weights.adopted import adopt, go_back
from tests.codes import command_refused
from tests.gallery.blob_files import original_path
from tests.search.library import add_library
from tests.search.scenes import store_scenes

pytestmark = pytest.mark.django_db
PARTS = ("methods", "fused", "reference")
FUSIONS = ["default", "equal", "product", "medical", "copyright"]


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.GENERATIONS_DIR = tmp_path / "generations"
    snapshot.forget()
    yield
    snapshot.forget()


@pytest.fixture
def labelled(rng: np.random.Generator) -> list[Image]:
    return store_scenes(rng)


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("evaluate", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def measured(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json"))
    return found


def test_it_works(labelled: list[Image]) -> None:
    call_command("build_index", stdout=io.StringIO(), stderr=io.StringIO())
    found = measured()
    assert (found["kind"], found["images"], found["labels"], found["queries"]) == ("labels", 12, 3, 12)
    assert list(found["methods"]) == ["color", "ssim"]
    assert list(found["fused"]) == FUSIONS
    assert list(found["reference"]) == ["guide_color", "raw_sum", "guide_sum"]
    for part in PARTS:
        for figures in found[part].values():
            assert set(figures) == {"map", "p_at_1", "p_at_5", "recall_at_10", "ns", "pair_ap", "pair_auc"}
            assert all(0 <= value <= (4 if name == "ns" else 1) for name, value in figures.items())
    assert found["methods"]["ssim"]["map"] > 0.9
    assert found["fused"]["default"]["p_at_1"] == 1
    assert found["fused"]["default"]["ns"] >= 3.5


def test_it_tells_curves_thresholds_and_what_was_measured(labelled: list[Image]) -> None:
    call_command("build_index", stdout=io.StringIO(), stderr=io.StringIO())
    found = measured()
    curve = found["curves"]["fused"]["default"]
    assert (found["curves_of"], len(curve), curve[0]) == ("queries", 101, 1.0)
    assert all(before >= after for before, after in pairwise(curve))
    advice = found["thresholds"]["fused"]["default"]["best_f1"]
    assert set(advice) == {"threshold", "precision", "recall", "f1"}
    assert 0 < advice["threshold"] < 1
    assert found["generation"] is not None
    assert set(found["versions"]) == {"color", "ssim"}
    assert found["weights"]["default"]["color"] == METHODS["color"].default_weight
    assert found["index"] is None
    assert found["reliability"] == {}  # twelve images are too few to say


def test_copies_need_no_labels(labelled: list[Image]) -> None:
    Image.objects.update(label="")
    found = measured("--from", "copies", "--max-queries", "3")
    assert (found["images"], found["originals"], found["queries"]) == (12, 3, 3 * len(EDITS))
    assert found["curves_of"] == "pairs"
    for part in PARTS:
        for name, edits in found["edits"][part].items():
            assert list(edits) == list(EDITS)
            figures = found[part][name]
            assert set(figures) == {"map", "recall_at_1", "recall_at_10", "pair_ap", "pair_auc"}
            assert figures["recall_at_1"] == pytest.approx(
                np.mean([e["recall_at_1"] for e in edits.values()]), abs=1e-3
            )
            assert figures["map"] == pytest.approx(np.mean([e["map"] for e in edits.values()]), abs=1e-3)
    assert found["edits"]["methods"]["ssim"]["jpeg_30"]["map"] > 0.9
    text = run("--from", "copies", "--max-queries", "1")
    assert "rotate_90" in text
    assert "1 originals, 15 queries" in text


def test_remixes_are_measured_by_themselves(labelled: list[Image]) -> None:
    call_command("build_index", stdout=io.StringIO(), stderr=io.StringIO())
    found = measured("--from", "remixes", "--max-queries", "2")
    assert (found["kind"], found["originals"], found["queries"]) == ("remixes", 2, 2 * len(REMIXES))
    assert set(found["edits"]["fused"]["default"]) == set(REMIXES)
    assert found["edits"]["methods"]["ssim"]["gray_blur_jpeg"]["recall_at_1"] == 1
    assert "flip_crop_50" in run("--from", "remixes", "--max-queries", "1")


def test_methods_that_cannot_describe_copies_now_are_left_out(
    labelled: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    call_command("build_index", stdout=io.StringIO(), stderr=io.StringIO())
    monkeypatch.setattr(type(registry.methods()["color"]), "version", "of tomorrow")
    found = measured("--from", "copies", "--max-queries", "1")
    assert found["left_out"] == ["color"]
    assert list(found["methods"]) == ["ssim"]
    assert "left out" in run("--from", "copies", "--max-queries", "1").lower()


def test_verdicts_judge_what_was_compared(labelled: list[Image], monkeypatch: pytest.MonkeyPatch) -> None:
    ids = np.array([image.pk for image in labelled], np.int64)

    def judged(*, collection_id: int | None, limit: int, seed: int) -> JudgedPairs:
        first, second = ids[[0, 0, 4, 8]], ids[[1, 5, 5, 11]]  # same, different, same, same
        return JudgedPairs(first, second, np.array([True, False, True, True]))

    monkeypatch.setitem(judged_pairs._sources, "verdicts", judged)
    found = measured("--from", "verdicts")
    assert (found["images"], found["pairs"], found["queries"]) == (6, 4, 6)
    assert found["methods"]["ssim"]["map"] == 1  # of images 0 and 5, which have partners of both kinds
    assert found["methods"]["ssim"]["pair_auc"] == 1
    assert found["reference"] == {}


def test_verdicts_of_one_kind_say_nothing(labelled: list[Image], monkeypatch: pytest.MonkeyPatch) -> None:
    none = JudgedPairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, bool))
    monkeypatch.setitem(judged_pairs._sources, "verdicts", lambda **_options: none)
    with command_refused("verdicts_of_both_kinds_expected"):
        run("--from", "verdicts")


def test_it_speaks_to_people_too(labelled: list[Image]) -> None:
    text = run("--collection", "scenes", "--max-queries", "5")
    assert "fused, default" in text
    assert "reference, guide_color" in text
    assert "95 %" in text
    assert "12 images, 3 labels, 5 queries" in text


def test_figures_are_kept_unless_told_otherwise(labelled: list[Image]) -> None:
    found = measured("--collection", "scenes", "--max-queries", "4")
    kept = Evaluation.objects.get()
    assert kept.document == found
    assert (kept.state, kept.kind, kept.collection_name, kept.max_queries) == ("ready", "labels", "scenes", 4)
    assert kept.seconds == found["seconds"]
    run("--no-keep")
    assert Evaluation.objects.count() == 1


def test_one_collection_is_measured_alone(labelled: list[Image]) -> None:
    few = Collection.objects.create(name="few")
    few.images.set(labelled[:8])
    found = measured("--collection", "few")
    assert (found["images"], found["labels"]) == (8, 2)


def test_learned_weights_in_use_are_measured_too(labelled: list[Image]) -> None:
    learned = WeightSet.objects.create(state="ready", source="labels", weights={"ssim": 1.0})
    adopt(learned)
    found = measured()
    assert found["weights"]["learned"]["ssim"] == 1
    assert found["fused"]["learned"]["map"] == pytest.approx(found["methods"]["ssim"]["map"], abs=1e-3)
    go_back()
    assert "learned" not in measured()["fused"]


def test_a_large_collection_is_judged_by_its_own_pairs(labelled: list[Image], monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("build_index", stdout=io.StringIO(), stderr=io.StringIO())
    few = Collection.objects.create(name="few")
    few.images.set(labelled[:8])
    by_library = measured("--collection", "few")
    monkeypatch.setattr(collection_calibration, "MIN_IMAGES", 8)
    by_its_own = measured("--collection", "few")
    collection_calibration.forget()
    assert by_its_own["methods"] == by_library["methods"]
    assert by_its_own["thresholds"]["fused"]["default"] != by_library["thresholds"]["fused"]["default"]


def test_twice_the_same_measurement_gives_the_same_figures(labelled: list[Image]) -> None:
    first, second = (measured("--max-queries", "5", "--no-keep") for _ in range(2))
    assert {**first, "seconds": 0} == {**second, "seconds": 0}


def test_what_cannot_be_measured_is_refused(rng: np.random.Generator) -> None:
    add_library(3, rng)
    with command_refused("no_label_shared"):
        run()
    with command_refused("no_original_decoded"):
        run("--from", "copies")
    with command_refused("no_collection_named", name="nowhere"):
        run("--collection", "nowhere")
    with command_refused("number_too_small", option="--max-queries", least=1, got=0):
        run("--max-queries", "0")
    with pytest.raises(CommandError, match="'tea leaves'"):
        run("--from", "tea leaves")
    assert not Evaluation.objects.exists()


def test_an_empty_library_is_refused(db: Any) -> None:
    for kind, code in (("labels", "no_label_shared"), ("copies", "too_few_to_copy")):
        with command_refused(code):
            run("--from", kind)


def test_originals_that_are_gone_leave_the_reference_out(labelled: list[Image]) -> None:
    for image in labelled:
        original_path(image.sha256).unlink()
    found = measured()
    assert found["reference"] == {}
    assert found["images"] == 12


def test_stopped_nothing_is_kept(
    labelled: list[Image], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reference_baseline, "_decode", stop)
    with pytest.raises(SystemExit) as ended:
        call_command("evaluate")
    assert ended.value.code == 130
    assert capsys.readouterr().err.startswith("Stopped")
    assert not Evaluation.objects.exists()

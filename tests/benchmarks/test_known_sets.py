"""Layouts of well-known sets, on tiny made-up folders, and the measures of their papers, worked by hand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from benchmarks.known_sets.known_set import KnownSet, LayoutError
from benchmarks.known_sets.layouts import LAYOUTS, read_set
from benchmarks.known_sets.measures import MEASURES, trapezoid_average_precision
from benchmarks.known_sets.papers import PUBLISHED
from benchmarks.published import load, relevance


def fill(folder: Path, names: Iterable[str]) -> Path:
    """Make empty files; a layout is told by names alone."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def asked(known: KnownSet, number: int) -> tuple[str, set[str], set[str]]:
    """Return one question by the names of its files: what is asked, what is right, what does not count."""
    question = known.questions[number]
    right, ignored = (
        {known.pictures[each].path.stem for each in group} for group in (question.relevant, question.ignored)
    )
    return known.pictures[question.picture].path.stem, right, ignored


def test_wang_has_a_hundred_pictures_a_class(tmp_path: Path) -> None:
    known = read_set(fill(tmp_path, (f"{number}.jpg" for number in range(1000))))
    assert (known.key, known.searched, len(known.questions), known.measures[0]) == ("wang", 1000, 1000, "P@20")
    name, right, ignored = asked(known, 250)
    assert (name, ignored) == ("250", {"250"})
    assert right == {str(number) for number in range(200, 300)} - {"250"}


def test_flowers_has_eighty(tmp_path: Path) -> None:
    known = read_set(fill(tmp_path, (f"jpg/image_{number:04d}.jpg" for number in range(1, 1361))))
    assert (known.key, len(known.questions)) == ("flowers17", 1360)
    name, right, _ignored = asked(known, 80)
    assert (name, len(right)) == ("image_0081", 79)
    assert {"image_0082", "image_0160"} < right
    assert not {"image_0080", "image_0161"} & right


def test_caltech_has_a_folder_a_class_and_one_that_is_none(tmp_path: Path) -> None:
    names = ["crab/image_0001.jpg", "crab/image_0002.jpg", "cup/image_0001.jpg", "BACKGROUND_Google/image_0001.jpg"]
    known = read_set(fill(tmp_path, names))
    assert (known.key, known.searched, len(known.questions)) == ("caltech101", 3, 2)
    assert "2 of its 101 classes" in known.title
    assert {question.part for question in known.questions} == {"crab"}


def test_brodatz_is_cut_into_sixteen(tmp_path: Path) -> None:
    generator = np.random.default_rng(20)
    for name in ("D1", "D10"):
        Picture.fromarray(generator.integers(0, 256, (64, 80), np.uint8)).save(tmp_path / f"{name}.png")
    known = read_set(tmp_path)
    assert (known.key, known.searched, known.measures[0]) == ("brodatz", 32, "retrieval rate")
    assert all(len(question.relevant) == 15 for question in known.questions)
    assert known.questions[16].relevant == frozenset(range(17, 32))
    whole = np.asarray(Picture.open(tmp_path / "D1.png"))
    piece = load(known.pictures[6])
    assert piece.shape == (16, 20, 3)
    np.testing.assert_array_equal(piece[:, :, 0], whole[16:32, 40:60])


def test_the_first_of_a_group_of_holidays_asks(tmp_path: Path) -> None:
    known = read_set(fill(tmp_path, [f"{name}.jpg" for name in ("100000", "100001", "100002", "100100", "100101")]))
    assert (known.key, known.searched, len(known.questions)) == ("holidays", 5, 2)
    assert asked(known, 0) == ("100000", {"100001", "100002"}, {"100000"})
    assert asked(known, 1) == ("100100", {"100101"}, {"100100"})


def test_ukbench_has_groups_of_four(tmp_path: Path) -> None:
    known = read_set(fill(tmp_path, (f"full/ukbench{number:05d}.jpg" for number in range(8))))
    assert (known.key, known.measures[0]) == ("ukbench", "N-S")
    assert asked(known, 5) == ("ukbench00005", {f"ukbench0000{each}" for each in (4, 6, 7)}, {"ukbench00005"})


def test_copies_of_copydays_ask_for_their_originals_alone(tmp_path: Path) -> None:
    names = ["original/200000.jpg", "original/200100.jpg", "strong/200001.jpg", "strong/200102.jpg"]
    known = read_set(fill(tmp_path, [*names, "crops/50/200100.jpg", "jpeg/3/200000.jpg"]))
    assert (known.key, known.searched, len(known.pictures), len(known.questions)) == ("copydays", 2, 6, 4)
    assert asked(known, 1) == ("200102", {"200100"}, set())
    assert [question.part for question in known.questions] == ["strong", "strong", "crops/50", "jpeg/3"]


def lists_of_oxford(folder: Path) -> Path:
    fill(folder, (f"images/{name}.jpg" for name in ("keble_000001", "keble_000002", "keble_000003", "oxford_000004")))
    gt = folder / "gt"
    gt.mkdir()
    (gt / "keble_1_query.txt").write_text("oxc1_keble_000002 10.5 20 110.4 220\n")
    (gt / "keble_1_good.txt").write_text("keble_000002\n")
    (gt / "keble_1_ok.txt").write_text("keble_000001\n")
    (gt / "keble_1_junk.txt").write_text("keble_000003\n")
    return folder


def test_oxford_asks_by_a_part_and_ignores_junk(tmp_path: Path) -> None:
    known = read_set(lists_of_oxford(tmp_path))
    assert (known.key, known.searched, len(known.pictures)) == ("oxford5k", 4, 5)
    assert asked(known, 0) == ("keble_000002", {"keble_000001", "keble_000002"}, {"keble_000003"})
    assert known.pictures[4].box == (10.5, 20, 110.4, 220)


def test_junk_shifts_nothing() -> None:
    """Of four, best first: junk, right, wrong, right; junk is passed over as if it were not there."""
    known_scores = np.array([0.9, 0.8, 0.7, 0.6])
    question = type("Asked", (), {"ignored": frozenset({0}), "relevant": frozenset({1, 3})})()
    order, total = relevance(known_scores, question)
    assert (order.tolist(), total) == ([True, False, True], 2)
    # First: precision 1 before and after. Second: 1/2 before it, 2/3 after it.
    assert trapezoid_average_precision(order, total) == pytest.approx((1 + (1 / 2 + 2 / 3) / 2) / 2)


def test_what_is_not_found_has_no_rank() -> None:
    question = type("Asked", (), {"ignored": frozenset(), "relevant": frozenset({0, 1})})()
    order, total = relevance(np.array([np.nan, 0.8, 0.9]), question)
    assert (order.tolist(), total) == ([False, True], 2)
    # Alone at the second rank: 0 before it, 1/2 after it, and the other is missing.
    assert trapezoid_average_precision(order, total) == pytest.approx((0 + 1 / 2) / 2 / 2)


@pytest.mark.parametrize(
    ("name", "order", "total", "expected"),
    [
        ("P@20", [True] * 10 + [False] * 90, 99, 0.5),
        ("P@20", [True] * 5, 5, 0.25),
        ("mAP", [True, False, True], 2, (1 + 2 / 3) / 2),
        ("trapezoid mAP", [True, True], 2, 1.0),
        ("trapezoid mAP", [False, True], 1, 0.25),
        ("N-S", [True, False, True, True], 3, 3.0),
        ("N-S", [False, False, False, True], 3, 1.0),
        ("retrieval rate", [True, False, True, True], 3, 2 / 3),
        ("recall@1", [True, False], 1, 1.0),
        ("recall@1", [False, True], 1, 0.0),
    ],
)
def test_measures_by_hand(name: str, order: list[bool], total: int, expected: float) -> None:
    assert MEASURES[name](np.array(order), total) == pytest.approx(expected)


def test_published_figures_are_in_a_measure_of_their_set(tmp_path: Path) -> None:
    assert set(PUBLISHED) <= set(LAYOUTS)
    for figures in PUBLISHED.values():
        assert len({figure.measure for figure in figures}) == 1
        assert all(figure.source and 0 < figure.value <= (4 if figure.measure == "N-S" else 1) for figure in figures)
    known = read_set(lists_of_oxford(tmp_path))
    assert PUBLISHED["oxford5k"][0].measure == known.measures[0]


@pytest.mark.parametrize(
    ("names", "key", "told"),
    [
        ([], None, "none of the sets"),
        (["a.jpg", "b.jpg"], None, "none of the sets"),
        (["0.jpg", "1.jpg"], None, "Expected 1000 pictures numbered from 0, got 2; the first that is missing"),
        (["image_0001.jpg", "image_0003.jpg"], None, "number 2"),
        (["100000.jpg", "100001.jpg", "ukbench00000.jpg"], None, "holidays and ukbench"),
        (["100001.jpg", "100002.jpg"], None, "Expected 100000"),
        (["100000.jpg"], None, "the query alone"),
        ([f"ukbench0000{number}.jpg" for number in range(5)], None, "groups of four"),
        (["original/200000.jpg", "strong/200101.jpg"], None, "which original/ lacks"),
        (["0.jpg"], "holidays", "not in the layout of holidays"),
        (["0.jpg"], "imagenet", "no layout imagenet"),
        (["D1.txt", "notes.md"], None, "none of the sets"),
        (["crab/1.jpg", "cup/1.jpg"], None, "nothing to ask"),
    ],
)
def test_other_folders_are_refused_with_a_sentence(
    tmp_path: Path, names: list[str], key: str | None, told: str
) -> None:
    with pytest.raises(LayoutError, match=told):
        read_set(fill(tmp_path, names), key)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="no folder"):
        read_set(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("keble_1_junk.txt", None, "is missing"),
        ("keble_1_good.txt", "keble_000009", "names keble_000009"),
        ("keble_1_query.txt", "oxc1_keble_000009 0 0 1 1", "expected the name of a picture"),
        ("keble_1_query.txt", "oxc1_keble_000002", "four numbers"),
    ],
)
def test_lists_of_oxford_that_fit_no_pictures_are_refused(
    tmp_path: Path, file: str, text: str | None, told: str
) -> None:
    path = lists_of_oxford(tmp_path) / "gt" / file
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises(LayoutError, match=told):
        read_set(tmp_path)

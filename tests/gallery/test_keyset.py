"""Pages of lists by the place after which they begin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gallery.keyset import cut, mark_of, page_after, read_mark
from gallery.models import Image
from tests.gallery.rows import make_image

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORDER = ("-trashed_at", "label", "-pk")


@pytest.fixture
def images(db: None) -> list[Image]:
    """Nine images of three moments and two labels, in the order of `ORDER`."""
    made = [
        make_image(f"{number}.jpg", trashed_at=MOMENT + timedelta(days=number // 3), label="ab"[number % 2])
        for number in range(9)
    ]
    return sorted(made, key=lambda image: (-image.trashed_at.timestamp(), image.label, -image.pk))  # type: ignore[union-attr]


def place_of(image: Image) -> tuple[datetime | None, str, int]:
    return image.trashed_at, image.label, image.pk


@pytest.mark.parametrize("size", [1, 2, 4, 9, 10])
def test_it_works(images: list[Image], size: int) -> None:
    seen: list[Image] = []
    place = None
    while True:
        page = page_after(Image.objects.all(), size, ORDER, place)
        seen += page.rows
        if page.last is None:
            break
        assert (len(page.rows), page.rows[-1]) == (size, page.last)
        place = place_of(page.last)
    assert seen == images


def test_what_comes_meanwhile_shifts_nothing(images: list[Image]) -> None:
    first = page_after(Image.objects.all(), 4, ORDER)
    make_image("late.jpg", trashed_at=MOMENT + timedelta(days=9))
    assert first.last is not None
    assert page_after(Image.objects.all(), 9, ORDER, place_of(first.last)).rows == images[4:]


def test_one_field_is_enough(images: list[Image]) -> None:
    numbers = sorted(image.pk for image in images)
    assert [image.pk for image in page_after(Image.objects.all(), 2, ["pk"], [numbers[3]]).rows] == numbers[4:6]
    assert [image.pk for image in page_after(Image.objects.all(), 2, ["-pk"], [numbers[3]]).rows] == [
        numbers[2],
        numbers[1],
    ]


def test_a_place_of_another_order_is_refused(images: list[Image]) -> None:
    with pytest.raises(ValueError, match="zip"):
        page_after(Image.objects.all(), 2, ORDER, [1])


def test_a_page_is_cut_where_more_follow() -> None:
    rows = [Image(pk=pk) for pk in (1, 2, 3)]
    assert (cut(rows, 2).rows, cut(rows, 2).last) == (rows[:2], rows[1])
    assert (cut(rows, 3).rows, cut(rows, 3).last) == (rows, None)
    assert (cut([], 3).rows, cut([], 3).last) == ([], None)


def test_marks_are_read_as_they_are_written() -> None:
    moment = MOMENT + timedelta(microseconds=3)
    assert read_mark(mark_of(moment, 7)) == (moment, "7")
    before_1970 = datetime(1969, 12, 31, tzinfo=UTC)
    assert read_mark(mark_of(before_1970, "ab")) == (before_1970, "ab")


@pytest.mark.parametrize("text", ["", "-", "7", "x-7", "9" * 40 + "-1", "9" * 5000 + "-1"])
def test_what_is_no_mark(text: str) -> None:
    assert read_mark(text) is None

"""The lexicon that ships, and a small one by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from search.exceptions import WeightsError
from search.methods.naming.lexicon import Lexicon, load_lexicon
from search.methods.pretrained.classes import image_classes

# 0 thing > 1 animal > 2 dog > 3 pug, 4 beagle; 1 > 5 cat; 0 > 6 tool
PARENTS: list[tuple[int, ...]] = [(), (0,), (1,), (2,), (2,), (1,), (0,)]
SMALL = Lexicon(
    senses={"dog": (2,), "cat": (5,), "pet": (6, 2), "hot dog": (6,), "puppy": (3,), "box": (6,)},
    parents=PARENTS,
    rareness=np.array([0.001, 0.2, 0.5, 1, 1, 1, 1], np.float32),
    classes=np.array([3, 4, 5, 6], np.int32),
    under={0: np.arange(4), 1: np.arange(3), 2: np.array([0, 1]), **{n: np.array([n - 3]) for n in (3, 4, 5, 6)}},
    chinese={"狗": ("dog",), "夜": ("box",), "黑夜": ("box",), "猫": ("cat", "pet")},
    common=("dog", "cat"),
)


def test_it_works() -> None:
    nearness = load_lexicon().nearness("ibis")
    nearest = image_classes()[int(np.argmax(nearness))]
    assert nearest.words[0] in ("bittern", "spoonbill", "white stork", "flamingo")
    assert 0.5 < nearness.max() < 1


def test_a_class_of_the_kind_is_the_thing() -> None:
    np.testing.assert_allclose(SMALL.nearness("dog")[:2], 1)
    np.testing.assert_allclose(SMALL.nearness("cat")[2], 1)


def test_other_classes_are_as_near_as_what_they_share() -> None:
    # dog and cat are both animals: 2 * 0.2 / (0.5 + 1); dog and tool are both things: 2 * 0.001 / 1.5
    np.testing.assert_allclose(SMALL.nearness("dog")[2:], [0.4 / 1.5, 0.002 / 1.5], rtol=1e-5)


def test_later_senses_count_a_little_less() -> None:
    np.testing.assert_allclose(SMALL.nearness("pet"), [0.95, 0.95, 0.95 * 0.4 / 1.5, 1], rtol=1e-5)


@pytest.mark.parametrize(
    ("text", "same"),
    [("dogs", "dog"), ("Boxes", "box"), ("puppies", "puppy"), ("a dog", "dog"), ("a big hot dog", "hot dog")],
)
def test_forms_and_phrases(text: str, same: str) -> None:
    np.testing.assert_array_equal(SMALL.nearness(text), SMALL.nearness(same))


def test_what_stands_before_the_last_word_counts_less() -> None:
    np.testing.assert_allclose(SMALL.nearness("cat box"), np.maximum(0.9 * SMALL.nearness("cat"), [0, 0, 0, 1]))


@pytest.mark.parametrize("text", ["", "zzzz", "😀", "夏"])
def test_unknown_words_lie_near_nothing(text: str) -> None:
    assert not SMALL.nearness(text).any()


@pytest.mark.parametrize(
    ("text", "meanings"),
    [
        ("狗", {"dog": 1.0}),
        ("黑夜里的狗", {"dog": 1.0, "box": 0.9}),
        ("夜里的狗", {"dog": 1.0}),  # a single sign before the end is no thing
        ("猫", {"cat": 1.0, "pet": 1.0}),
        ("dog", {}),
    ],
)
def test_chinese_words_mean_nouns(text: str, meanings: dict[str, float]) -> None:
    assert SMALL.meanings(text) == meanings


def test_the_lexicon_that_ships_is_whole() -> None:
    lexicon = load_lexicon()
    assert len(lexicon.classes) == len(image_classes())
    near = [max(lexicon.nearness(word)[number] for word in each.words) for number, each in enumerate(image_classes())]
    assert np.mean(np.array(near) >= 0.8) > 0.98  # a few names mean something else first
    assert set(lexicon.common) < set(lexicon.senses)
    assert lexicon.meanings("蝎子") == {"scorpion": 1.0}


def test_a_damaged_lexicon_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.npz"
    path.write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(WeightsError) as caught:
        load_lexicon.__wrapped__(path)
    assert caught.value.code == "lexicon_damaged"

"""Making the lexicon: lines as the sources have them, and what becomes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from search.methods.naming.lexicon import load_lexicon
from search.training.naming.lexicon import (
    lexicon_arrays,
    read_chinese,
    read_nouns,
    read_synsets,
    write_lexicon,
)

DATA = """\
  1 This software and database is being provided to you
00000001 03 n 01 physical_entity 0 001 ~ 00000002 n 0000 | an entity that has physical existence
00000002 05 n 02 dog 0 domestic_dog 0 002 @ 00000001 n 0000 ~ 00000003 n 0000 | barks
00000003 05 n 01 pug 0 001 @ 00000002 n 0000 | small
00000004 05 n 01 Rex 0 001 @i 00000002 n 0000 | one dog
00000005 09 n 01 idea 0 000 | no thing
"""
INDEX = """\
  1 This software and database is being provided to you
dog n 2 2 @ ~ 2 1 00000005 00000002
domestic_dog n 1 1 @ 1 0 00000002
idea n 1 0 1 1 00000005
physical_entity n 1 1 ~ 1 0 00000001
pug n 1 1 @ 1 1 00000003
rex n 1 1 @i 1 0 00000004
"""
CEDICT = """\
# CC-CEDICT
狗 狗 [gou3] /dog/CL:隻|只[zhi1],條|条[tiao2]/
哈巴狗 哈巴狗 [ha3 ba1 gou3] /a pug (dog); (fig.) lackey/
主意 主意 [zhu3 yi5] /idea/
""".splitlines()


@pytest.fixture
def wordnet(tmp_path: Path) -> Path:
    (tmp_path / "data.noun").write_text(DATA)
    (tmp_path / "index.noun").write_text(INDEX)
    return tmp_path


def test_it_works(wordnet: Path) -> None:
    synsets, nouns = read_synsets(wordnet / "data.noun"), read_nouns(wordnet / "index.noun")
    path = wordnet / "lexicon.npz"
    write_lexicon(lexicon_arrays(synsets, nouns, CEDICT, ["00000003"]), path)
    lexicon = load_lexicon.__wrapped__(path)
    assert list(lexicon.senses) == ["dog", "domestic dog", "physical entity", "pug"]
    assert lexicon.common == ("dog", "pug")
    assert lexicon.chinese == {"狗": ("dog",), "哈巴狗": ("pug",)}
    np.testing.assert_allclose(lexicon.nearness("dog"), [1])


def test_senses_and_what_they_are_kinds_of(wordnet: Path) -> None:
    synsets = read_synsets(wordnet / "data.noun")
    assert synsets["00000003"].parents == ("00000002",)
    assert synsets["00000004"].parents == ()  # one dog is no kind of dog
    nouns = read_nouns(wordnet / "index.noun")
    assert nouns["dog"].senses == ["00000005", "00000002"]
    assert (nouns["dog"].common, nouns["domestic dog"].common) == (True, False)


def test_chinese_words_of_which_no_meaning_is_known_are_left_out() -> None:
    assert read_chinese(CEDICT, {"dog": 0, "pug": 7}) == {"狗": [0], "哈巴狗": [7]}


def test_what_everything_is_says_nothing(wordnet: Path) -> None:
    synsets, nouns = read_synsets(wordnet / "data.noun"), read_nouns(wordnet / "index.noun")
    arrays = lexicon_arrays(synsets, nouns, [], ["00000003"])
    # of five senses three are physical entities, two dogs, one a pug: 1 - log(kinds) / log(5)
    np.testing.assert_allclose(arrays["rareness"], 1 - np.log([3, 2, 1]) / np.log(5), atol=1e-3)

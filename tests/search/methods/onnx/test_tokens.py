from __future__ import annotations

import json
from pathlib import Path

import pytest

from search.exceptions import WeightsError
from search.methods.onnx.tokens import CONTEXT, check_tokenizer, load_tokens
from tests.codes import refused
from tests.search.methods.onnx.text_towers import LENGTH, WORDS, save_tower, tokenizer


def saved(folder: Path, words: str | None = None, **config: object) -> Path:
    return save_tower(folder, words=words, **config) / "textual" / "tokenizer.json"


def test_it_works(tmp_path: Path) -> None:
    tokens = load_tokens(saved(tmp_path), LENGTH)
    numbers, mask = tokens.of("  a  red\ncat ")
    assert numbers.tolist() == [[2, 3, 1, 0, 0, 0]]
    assert mask.tolist() == [[1, 1, 1, 0, 0, 0]]


def test_long_texts_are_cut_off(tmp_path: Path) -> None:
    numbers, mask = load_tokens(saved(tmp_path), 3).of("dog " * 500)
    assert (numbers.tolist(), mask.tolist()) == ([[4, 4, 4]], [[1, 1, 1]])


def test_the_length_is_the_towers_else_the_configs_else_clips(tmp_path: Path) -> None:
    path = saved(tmp_path, context_length=9)
    assert load_tokens(path, 5).length == 5
    assert load_tokens(path, None).length == 9
    (tmp_path / "config.json").unlink()
    assert load_tokens(path, None).length == CONTEXT


def test_the_token_that_fills_up_is_named_beside_it(tmp_path: Path) -> None:
    path = saved(tmp_path)
    for said in ("a", {"content": "a"}):
        path.with_name("tokenizer_config.json").write_text(json.dumps({"pad_token": said}))
        assert load_tokens(path, 3).of("dog")[0].tolist() == [[4, 2, 2]]
    path.with_name("tokenizer_config.json").write_text(json.dumps({"pad_token": "<none>"}))
    with refused(WeightsError, "tokenizer_damaged", path=str(path)):
        load_tokens(path, 3)


def test_punctuation_goes_where_the_config_says_so(tmp_path: Path) -> None:
    path = saved(tmp_path, tokenizer_kwargs={"clean": "canonicalize"})
    assert load_tokens(path, 3).of("Dog!")[0].tolist() == [[4, 0, 0]]
    (tmp_path / "config.json").unlink()
    assert load_tokens(path, 3).of("Dog!")[0].tolist() == [[4, 1, 0]]


@pytest.mark.parametrize(("text", "language"), [("dog", "eng_Latn"), ("狗", "zho_Hans")])
def test_a_tokenizer_that_knows_languages_is_told_which(tmp_path: Path, text: str, language: str) -> None:
    """The mark of the language is written before the text, where real ones cut it off."""
    spelled = tokenizer([*WORDS, f"{language}{text}"]).replace('"Lowercase"', '"NFC"')
    assert load_tokens(saved(tmp_path, spelled), 2).of(text)[0].tolist() == [[len(WORDS), 0]]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"model": 1}', '{"model": {}}', '{"model": {"type": "WordLevel", "vocab": {"a": 0}}}'],
)
def test_a_damaged_one_is_named(tmp_path: Path, content: str) -> None:
    path = saved(tmp_path, content)
    with refused(WeightsError, "tokenizer_damaged", path=str(path)):
        load_tokens(path, LENGTH)


def test_one_without_a_token_for_the_unknown_is_named_before_it_is_needed(tmp_path: Path) -> None:
    path = saved(tmp_path, tokenizer(unknown="<gone>"))
    with refused(WeightsError, "tokenizer_damaged", path=str(path)):
        load_tokens(path, LENGTH)


@pytest.mark.parametrize("length", [-1, 10**9, "many", [3]])
def test_odd_lengths_are_refused(tmp_path: Path, length: object) -> None:
    path = saved(tmp_path, context_length=length)
    with refused(WeightsError, "tokenizer_damaged", path=str(path)):
        load_tokens(path, None)


def test_a_look_loads_nothing(tmp_path: Path) -> None:
    check_tokenizer(saved(tmp_path))
    with refused(WeightsError, "tokenizer_damaged"):
        check_tokenizer(saved(tmp_path, "{}"))
    with refused(WeightsError, "tokenizer_damaged"):
        check_tokenizer(tmp_path / "gone.json")

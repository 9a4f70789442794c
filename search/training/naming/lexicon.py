"""The lexicon of things, made of WordNet's nouns and of a Chinese dictionary.

WordNet 3.0 (Princeton University; see docs/licences.md): `data.noun` and `index.noun`. CC-CEDICT (MDBG, CC BY-SA 4.0):
its text file.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.files import written_aside
from search.methods.naming.lexicon import kinds_of

THINGS = "physical entity"
MAX_SENSES = 4
MAX_MEANINGS = 6
_ENTRY = re.compile(r"\S+ (\S+) \[[^\]]*\] /(.*)/")
_ASIDE = re.compile(r"\([^)]*\)")
_ARTICLE = re.compile(r"^(?:a|an|the|to) ")


@dataclass(frozen=True, slots=True)
class Synset:
    """One sense."""

    parents: tuple[str, ...]


def read_synsets(path: Path) -> dict[str, Synset]:
    """Return the senses of `data.noun` by their offsets."""
    found = {}
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.startswith("  "):  # the licence
                continue
            fields = line.partition(" | ")[0].split(" ")
            at = 4 + 2 * int(fields[3], 16)
            pointers = [fields[at + 1 + 4 * n : at + 4 + 4 * n] for n in range(int(fields[at]))]
            parents = tuple(target for kind, target, part in pointers if kind == "@" and part == "n")
            found[fields[0]] = Synset(parents)
    return found


@dataclass(frozen=True, slots=True)
class Noun:
    """One noun."""

    senses: Sequence[str]  # offsets, the most common first
    common: bool  # WordNet's texts use it


def read_nouns(path: Path) -> dict[str, Noun]:
    """Return the nouns of `index.noun`."""
    found = {}
    with path.open(encoding="utf-8") as file:
        for line in file:
            if not line.startswith("  "):
                fields = line.split()
                num = int(fields[2])
                found[fields[0].replace("_", " ")] = Noun(fields[-num:], fields[-num - 1] != "0")
    return found


def read_chinese(lines: Iterable[str], nouns: Mapping[str, int]) -> dict[str, list[int]]:
    """Return the nouns that Chinese words mean, by the entries of CC-CEDICT.

    Parameters
    ----------
    lines : such as "貓 猫 [mao1] /cat/CL:隻|只[zhi1]/"
    nouns : those that count, with their numbers
    """
    found: dict[str, list[int]] = {}
    for line in lines:
        entry = _ENTRY.match(line)
        if not entry:
            continue
        for sense in _ASIDE.sub("", entry[2].lower()).split("/"):
            for gloss in re.split("[;,]", sense):
                number = nouns.get(_ARTICLE.sub("", gloss.strip()))
                known = found.setdefault(entry[1], [])
                if number is not None and number not in known and len(known) < MAX_MEANINGS:
                    known.append(number)
    return {word: meanings for word, meanings in found.items() if meanings}


def lexicon_arrays(
    synsets: Mapping[str, Synset], nouns: Mapping[str, Noun], chinese: Iterable[str], classes: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Return the arrays of the lexicon's file.

    Parameters
    ----------
    synsets, nouns : see `read_synsets` and `read_nouns`
    chinese : lines of CC-CEDICT
    classes : offsets of the classes that a network names
    """
    offsets = sorted(synsets)
    numbers = {offset: number for number, offset in enumerate(offsets)}
    parents = [[numbers[parent] for parent in synsets[offset].parents] for offset in offsets]
    rareness = _rareness(parents)
    things = numbers[nouns[THINGS].senses[0]]
    kept = {name: _things(noun.senses, numbers, parents, things) for name, noun in sorted(nouns.items())}
    kept = {noun: senses for noun, senses in kept.items() if senses}
    used = set().union(*(kinds_of(sense, parents) for senses in kept.values() for sense in senses))
    used |= set().union(*(kinds_of(numbers[offset], parents) for offset in classes))
    place = {sense: number for number, sense in enumerate(sorted(used))}
    words = read_chinese(chinese, {noun: number for number, noun in enumerate(kept)})
    return {
        "nouns": _encoded(kept),
        "common": np.array([nouns[noun].common for noun in kept]),
        **_flat("senses", ([place[sense] for sense in senses] for senses in kept.values())),
        **_flat("parents", ([place[parent] for parent in parents[sense]] for sense in sorted(used))),
        "rareness": rareness[sorted(used)].astype(np.float16),
        "classes": np.array([place[numbers[offset]] for offset in classes], np.int32),
        "chinese": _encoded(words),
        **_flat("meanings", words.values()),
    }


def write_lexicon(arrays: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Write the lexicon's file, whole or not at all."""
    with written_aside(path) as part, part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _rareness(parents: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """Return the information content of each sense by the number of its kinds (Seco et al. 2004), 0..1."""
    kinds = Counter(kind for sense in range(len(parents)) for kind in kinds_of(sense, parents))
    whole = math.log(len(parents))
    return np.array([1 - math.log(kinds[sense]) / whole for sense in range(len(parents))])


def _things(
    senses: Sequence[str], numbers: Mapping[str, int], parents: Sequence[Sequence[int]], things: int
) -> list[int]:
    found = [numbers[offset] for offset in senses]
    return [sense for sense in found if things in kinds_of(sense, parents)][:MAX_SENSES]


def _encoded(texts: Iterable[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(texts).encode(), np.uint8)


def _flat(name: str, groups: Iterable[Sequence[int]]) -> dict[str, NDArray[Any]]:
    listed = list(groups)
    return {
        name: np.array([number for group in listed for number in group], np.int32),
        f"{name}_of": np.array([len(group) for group in listed], np.uint8),
    }

"""The cache of measurements, written and read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from review.duplicates.find import measurement_cache
from review.duplicates.find.measure import METHODS
from review.duplicates.find.measurement_cache import CachedMeasurements, read_cache, write_cache
from review.duplicates.find.pairs import Pairs
from review.storage import measurements_file

VERSIONS = dict.fromkeys(METHODS, "1")


@pytest.fixture
def kept() -> CachedMeasurements:
    raw = np.full((len(METHODS), 2), 0.5, np.float32)
    raw[1, 0] = np.nan
    found = CachedMeasurements(Pairs.listed([(1, 2), (2, 9)]), raw, np.array([1, 2, 9]), 77)
    write_cache(found, VERSIONS)
    return found


def test_it_works(kept: CachedMeasurements) -> None:
    found = read_cache(VERSIONS)
    assert found.revision == 77
    assert found.image_ids.tolist() == [1, 2, 9]
    np.testing.assert_array_equal(found.pairs.second, kept.pairs.second)
    np.testing.assert_array_equal(found.raw, kept.raw)


def nothing_of(found: CachedMeasurements) -> bool:
    return found.pairs.size == 0 and not len(found.image_ids) and found.raw.shape == (len(METHODS), 0)


def test_before_the_first_scan() -> None:
    assert nothing_of(read_cache(VERSIONS))


def test_other_versions_are_measured_anew(kept: CachedMeasurements) -> None:
    assert nothing_of(read_cache(VERSIONS | {"deep": "2"}))
    assert read_cache(VERSIONS | {"color": "2"}).revision == 77  # not among the evidence


def test_methods_in_another_order_are_measured_anew(kept: CachedMeasurements, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement_cache, "METHODS", tuple(reversed(METHODS)))
    assert nothing_of(read_cache(VERSIONS))


def test_another_recipe_is_measured_anew(kept: CachedMeasurements, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurement_cache, "RECIPE", measurement_cache.RECIPE + 1)
    assert nothing_of(read_cache(VERSIONS))


@pytest.mark.parametrize("damage", ["cut", "emptied", "another"])
def test_damage_is_noticed(kept: CachedMeasurements, damage: str) -> None:
    path: Path = measurements_file()
    data = path.read_bytes()
    path.write_bytes({"cut": data[: len(data) // 2], "emptied": b"", "another": b"hello"}[damage])
    assert nothing_of(read_cache(VERSIONS))

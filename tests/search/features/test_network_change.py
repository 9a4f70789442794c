"""A library moves from the built-in encoder to a network from a package: by the real networks, and without a gap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from gallery.models import Image
from search.features import extraction, leases, registry, stored_vectors, wanted_rows
from search.features.version_rollout import pending_successions, served_versions
from search.generations import snapshot
from search.generations.build import build
from search.methods import METHODS
from search.methods.pretrained.packages import PACKAGES
from search.models import Feature
from search.query.pipeline import for_image, run_query

pytestmark = pytest.mark.django_db
WEIGHTS = {"deep": 1.0}


@pytest.fixture
def content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], str]:
    """Start anew with content alone, seen by the network of this name; returns the method's version."""
    for name in METHODS.keys() - {"deep"}:
        monkeypatch.delitem(METHODS, name)

    def start(backbone: str) -> str:
        options = {"backbone": backbone, "models_dir": tmp_path / "models"}
        monkeypatch.setitem(settings.SEARCH_METHOD_OPTIONS, "deep", options)
        registry.methods.cache_clear()
        snapshot.forget()
        wanted_rows.ensure_rows()
        return registry.methods()["deep"].version

    return start


@pytest.fixture(autouse=True)
def _as_before() -> Any:
    yield
    registry.methods.cache_clear()
    snapshot.forget()


def compute(num: int) -> None:
    """Describe what waits, as workers do."""
    assert extraction.extract(leases.lease(num)) == num


def found(image: Image) -> list[int]:
    return [result.image_id for result in run_query(for_image(image.pk), WEIGHTS, k=3).results]


def test_a_library_moves_over(content: Callable[[str], str], stored_image: Callable[..., Image]) -> None:
    old = content("compact")
    images = [stored_image(seed=seed) for seed in range(6)]
    compute(6)
    active = build()
    before = found(images[0])
    assert len(before) == 3

    new = content("lite0")
    assert new == "1-lite0-57934424.1"
    assert served_versions(active) == {"deep": old}
    assert pending_successions(active) == {"deep": new}
    compute(5)
    assert found(images[0]) == before  # not all are described: the encoder serves on
    assert build().versions == {"deep": old}
    compute(1)
    assert build().versions == {"deep": new}
    snapshot.forget()
    assert len(found(images[0])) == 3
    assert stored_vectors.vectors_of(images[0].pk)["deep"].shape == (1280,)


def test_a_damaged_package_changes_nothing(
    content: Callable[[str], str],
    stored_image: Callable[..., Image],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = content("compact")
    image = stored_image(seed=1)
    compute(1)
    active = build()

    package = replace(PACKAGES["lite0"], distribution="damaged-model")
    monkeypatch.setitem(PACKAGES, "lite0", package)
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / package.module / "models" / package.file_name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"cut off")
    assert content("lite0") != old
    extraction.warm_up()  # as each worker does before its first job
    assert content("lite0") == old
    assert registry.stand_ins()["deep"].code == "package_damaged"
    assert pending_successions(active) == {}
    assert stored_vectors.vectors_of(image.pk)["deep"].shape == (256,)
    wanted_rows.drop_outdated(served_versions(active))
    assert set(Feature.objects.values_list("version", flat=True)) == {old}

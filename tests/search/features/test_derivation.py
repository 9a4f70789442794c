"""Derived methods take what their source said; images are looked at again only where it said nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from gallery.models import Image
from search.exceptions import WeightsError
from search.features import derivation, extraction, leases, registry, stored_vectors, wanted_rows
from search.methods.base import DerivedMethod
from search.models import Feature
from search.types import RGBImage
from tests.gallery.blob_files import original_path
from tests.search.plug_ins import POISON, Gray, Picky

pytestmark = pytest.mark.django_db
PlugIn = Callable[..., None]
Store = Callable[..., Image]


class Turned(DerivedMethod):
    """The rows of `picky` backwards."""

    name = "turned"
    source = "picky"
    dim = 8  # type: ignore[assignment]
    version = "1"  # type: ignore[assignment]
    derives = True  # type: ignore[assignment]

    def derive(self, vectors: NDArray[np.generic]) -> NDArray[np.float32]:
        return np.ascontiguousarray(vectors[:, ::-1], np.float32)

    def describe(self, images: Sequence[RGBImage]) -> NDArray[np.float32]:
        assert self.origin is not None
        return self.derive(self.origin.describe(images))


def states(method: str) -> list[str]:
    return list(Feature.objects.filter(method=method).order_by("image_id").values_list("state", flat=True))


def test_it_works(plug_in_methods: PlugIn, stored_image: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in_methods(Gray, Picky, Turned)
    images = [stored_image(seed=seed) for seed in range(3)]
    monkeypatch.setattr(Turned, "describe", forbidden)
    assert extraction.extract(leases.lease(32)) == 9
    for image in images:
        known = stored_vectors.vectors_of(image.pk)
        np.testing.assert_array_equal(known["turned"], known["picky"][::-1])


def forbidden(*_args: object) -> None:
    raise AssertionError("not to be called")


def test_stored_rows_of_the_source_spare_decoding(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Picky)
    images = [stored_image(seed=seed) for seed in range(3)]
    extraction.extract(leases.lease(32))
    for image in images:
        original_path(image.sha256).unlink()
    plug_in_methods(Picky, Turned)
    assert wanted_rows.ensure_rows() == 3
    assert extraction.extract(leases.lease(32)) == 3
    assert states("turned") == ["ready"] * 3


def test_an_image_of_which_the_source_says_nothing_fails_alone(plug_in_methods: PlugIn, stored_image: Store) -> None:
    plug_in_methods(Picky, Turned)
    for seed in range(4):
        stored_image(POISON if seed == 1 else None, seed=seed)
    assert extraction.extract(leases.lease(32)) == 6
    assert states("picky") == states("turned") == ["ready", "failed", "ready", "ready"]


def test_where_rows_cannot_be_derived_the_reason_is_kept(
    plug_in_methods: PlugIn, stored_image: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in_methods(Picky, Turned)
    stored_image()

    def refuse(*_args: object) -> None:
        raise WeightsError("file_torn", file="a.npz")

    monkeypatch.setattr(Turned, "derive", refuse)
    assert extraction.extract(leases.lease(32)) == 1
    assert Feature.objects.get(method="turned").error_code == "file_torn"


def test_what_does_not_derive_looks_at_the_images(
    plug_in_methods: PlugIn, stored_image: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in_methods(Picky, Turned)
    monkeypatch.setattr(Turned, "derives", False)
    monkeypatch.setattr(Turned, "describe", lambda _self, images: Gray().describe(images))
    image = stored_image()
    assert extraction.extract(leases.lease(32)) == 2
    known = stored_vectors.vectors_of(image.pk)
    np.testing.assert_array_equal(known["turned"], known["picky"])


def test_pictures_in_hand_are_described_once(
    plug_in_methods: PlugIn, picture: RGBImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in_methods(Picky, Turned)
    monkeypatch.setattr(Turned, "describe", forbidden)
    found = derivation.describe_images([picture], registry.methods())
    np.testing.assert_array_equal(found["turned"][0], found["picky"][0][::-1])
    assert registry.methods()["turned"].origin is registry.methods()["picky"]  # type: ignore[attr-defined]

"""Small thumbnails in one file."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from gallery.decoding import get_decoder
from gallery.models import Image
from search.exceptions import IndexDamagedError
from search.map.files import write_manifest
from search.map.sprites import NO_SPRITES, SPRITE_SIDE, make_sprites, open_sprites, write_sprites
from tests.codes import refused
from tests.gallery.blob_files import derivative_path, original_path


def test_it_works(tmp_path: Path) -> None:
    assert write_sprites(tmp_path / "s", [(3, b"three"), (5, b""), (9, b"nine")]) == 3
    found = open_sprites(tmp_path / "s")
    np.testing.assert_array_equal(found.image_ids, [3, 5, 9])
    assert found.read([9, 4, 3, 5, 100, 3]) == {3: b"three", 9: b"nine"}
    assert found.read([]) == {}


@pytest.mark.parametrize("sprites", [[], [(4, b"")]])
def test_none_at_all(tmp_path: Path, sprites: list[tuple[int, bytes]]) -> None:
    write_sprites(tmp_path / "s", sprites)
    found = open_sprites(tmp_path / "s")
    assert found.image_ids.tolist() == [image_id for image_id, _ in sprites]
    assert found.read([4]) == {}
    assert NO_SPRITES.read([4]) == {}


def test_damage_is_found(tmp_path: Path) -> None:
    write_sprites(tmp_path / "s", [(3, b"three")])
    (tmp_path / "s" / "sprites.bin").write_bytes(b"threx")
    with pytest.raises(IndexDamagedError, match=r"sprites\.bin"):
        open_sprites(tmp_path / "s")


@pytest.mark.django_db
def test_they_are_made_of_stored_images(stored_image: Callable[..., Image], tmp_path: Path) -> None:
    images = [stored_image(seed=seed, size=200) for seed in range(2)]
    derivative_path(images[1].sha256, "thumb").unlink()  # then the original is taken
    told: list[int] = []
    hashes = {image.pk: image.sha256 for image in images} | {images[-1].pk + 1: "0" * 64}
    made = dict(make_sprites(hashes, NO_SPRITES, get_decoder(), told.append))
    assert told == [1, 2, 3]
    assert made[images[-1].pk + 1] == b""
    for image in images:
        with Picture.open(io.BytesIO(made[image.pk])) as picture:
            assert (picture.format, picture.size) == ("WEBP", (SPRITE_SIDE, SPRITE_SIDE))


@pytest.mark.django_db
def test_what_was_away_is_made_when_it_is_back(stored_image: Callable[..., Image], tmp_path: Path) -> None:
    image = stored_image(size=200)
    write_sprites(tmp_path / "s", [(image.pk, b"")])
    made = make_sprites({image.pk: image.sha256}, open_sprites(tmp_path / "s"), get_decoder(), lambda _num: None)
    assert dict(made)[image.pk]


def test_those_known_are_not_made_again(tmp_path: Path) -> None:
    write_sprites(tmp_path / "s", [(3, b"three"), (4, b"")])
    hashes = {3: "0" * 64, 4: "0" * 64}
    made = make_sprites(hashes, open_sprites(tmp_path / "s"), get_decoder(), lambda _num: None)
    assert dict(made) == {3: b"three", 4: b""}


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    write_manifest(tmp_path / "s", {"method": "color"})
    with refused(IndexDamagedError, "no_sprites_manifest", folder="s"):
        open_sprites(tmp_path / "s")


@pytest.mark.parametrize(
    ("ids", "ends", "num_bytes"),
    [
        ([5, 3], [3, 8], 8),  # bisection would not find them
        ([3, 3], [3, 8], 8),
        ([3, 5], [8, 3], 8),
        ([3, 5], [3, 7], 8),  # the last does not reach the end
        ([3, 5], [3, 8], 9),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(
    tmp_path: Path, ids: list[int], ends: list[int], num_bytes: int
) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "sprites.bin").write_bytes(b"threefiv")
    np.save(folder / "image_ids.npy", np.array(ids))
    np.save(folder / "ends.npy", np.array(ends))
    write_manifest(folder, {"num_images": 2, "num_bytes": num_bytes})
    with pytest.raises(IndexDamagedError, match="fit together"):
        open_sprites(folder)


def test_an_image_that_is_none_any_more_has_no_sprite(
    stored_image: Callable[..., Image], db: None, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither its thumbnail nor its original can be decoded: that is logged, and the others go on."""
    broken, whole = stored_image(seed=1, size=60), stored_image(seed=2, size=60)
    for path in (derivative_path(broken.sha256, "thumb"), original_path(broken.sha256)):
        path.chmod(0o600)
        path.write_bytes(b"no image at all")
    hashes = {broken.pk: broken.sha256, whole.pk: whole.sha256}
    made = dict(make_sprites(hashes, NO_SPRITES, get_decoder(), lambda _num: None))
    assert made[broken.pk] == b""
    assert made[whole.pk]
    assert caplog.text.count("no small thumbnail") == 2

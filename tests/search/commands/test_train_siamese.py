"""The command train_siamese: what it learns from, what it leaves alone, how it refuses."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings, settings
from django.core.management import CommandError, call_command
from PIL import Image as Picture

from gallery.models import Collection, Image
from search.background import wait_until_indexed
from search.features import registry, stored_vectors
from search.management.commands import train_siamese
from search.methods.branches import BITS, HEAD, Branch, adopt, files, load, save
from search.training import adoption
from search.training.library.train_siamese import SiameseOrder, train
from tests.codes import command_refused
from tests.search.library import pictures
from tests.search.methods.conftest import keras, tiny_encoder, tiny_network

__all__ = ["keras", "tiny_encoder", "tiny_network"]
pytestmark = pytest.mark.django_db
QUICK = ("--epochs", "1", "--views", "1", "--max-images", "25")
Store = Callable[..., Image]


@pytest.fixture(autouse=True)
def folder(
    settings: LazySettings, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Networks go to a folder of this test; content is the small encoder; nothing is built in."""
    place = tmp_path / "siamese"
    settings.SIAMESE_DIR = place
    options = {"deep": {"weights": tiny_encoder}, "siamese": {"folder": place, "deep": {"weights": tiny_encoder}}}
    settings.SEARCH_METHOD_OPTIONS = options
    monkeypatch.setattr(files, "FOLDER", tmp_path / "none")
    registry.methods.cache_clear()
    yield place
    registry.methods.cache_clear()


@pytest.fixture
def library(rng: np.random.Generator, tmp_path: Path) -> list[Image]:
    """Twenty-four stored pictures in four labels."""
    from gallery.intake.store import store_image

    stored = []
    for number, pixels in enumerate(pictures(24, rng)):
        path = tmp_path / f"{number}.png"
        Picture.fromarray(pixels).save(path)
        with path.open("rb") as file:
            image = store_image(file, name=path.name).image
        assert image is not None
        Image.objects.filter(pk=image.pk).update(label=str(number % 4))
        stored.append(image)
    return stored


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("train_siamese", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def served(folder: Path) -> dict[str, str]:
    path = folder / files.ADOPTED
    return json.loads(path.read_text()) if path.exists() else {}  # type: ignore[no-any-return]


@pytest.mark.slow
def test_it_works(library: list[Image], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_siamese.tasks, "enqueue_extraction", lambda: True)
    wait_until_indexed.drain()
    assert registry.methods()["siamese"].unavailable() is not None
    found = json.loads(run(*QUICK, "--adopt", "always", "--json"))
    assert found["adopted"]
    assert found["figures"].keys() == found["rivals"]["content alone"].keys()
    assert 0 <= found["figures"]["recall_at_1"] <= 1
    assert found["inputs"] == 20 * 2
    assert served(folder) == {registry.methods()["deep"].version: Path(found["path"]).name}
    assert load(Path(found["path"])).about["seed"] == 20
    assert registry.methods()["siamese"].unavailable() is None
    wait_until_indexed.drain()
    known = stored_vectors.vectors_of(library[0].pk)
    assert known["siamese"].shape == (BITS,)


@pytest.mark.slow
def test_by_labels_it_goes_on_from_what_serves(library: list[Image], folder: Path) -> None:
    wait_until_indexed.drain()
    source = registry.methods()["deep"].version
    branch = Branch(HEAD, {"weights": np.eye(8, BITS), "bias": np.zeros(BITS)}, source)
    adopt(folder, source, save(branch, folder))
    before = served(folder)
    judged = train(SiameseOrder(pairs="labels", epochs=1, rule="never"), lambda *_: None)
    assert judged.rivals.keys() == {"content alone", "the network in use"}
    assert not judged.decision.adopted
    assert judged.path is None
    assert served(folder) == before


def test_photographs_of_a_folder_make_a_network_to_ship(rng: np.random.Generator, tmp_path: Path, folder: Path) -> None:
    place = tmp_path / "photographs"
    place.mkdir()
    for number, pixels in enumerate(pictures(24, rng)):
        Picture.fromarray(pixels).save(place / f"{number}.png")
    (place / "broken.jpg").write_bytes(b"no image")
    text = run("--epochs", "1", "--views", "1", "--images", str(place), "--out", str(tmp_path / "mine.npz"))
    assert "40 inputs" in text
    assert "nothing is adopted" in text
    assert load(tmp_path / "mine.npz").architecture == HEAD
    assert not folder.exists()


def test_what_is_no_better_is_not_adopted(library: list[Image], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged network in use is no rival, and stays for whoever wants to restore it."""
    source = registry.methods()["deep"].version
    path = save(Branch(HEAD, {"weights": np.eye(8, BITS), "bias": np.zeros(BITS)}, source), folder)
    adopt(folder, source, path)
    before = served(folder)
    path.write_bytes(b"torn")
    monkeypatch.setattr(adoption, "measure", lambda _rows, _trial: adoption.TrialFigures(0.9, 0.9, 0.1, 0.1))
    text = run(*QUICK)
    assert "Not adopted" in text
    assert " 0.9000, " in text
    assert "content alone" in text
    assert "the network in use" not in text
    assert served(folder) == before


def test_an_empty_library_is_refused() -> None:
    with command_refused("no_images_to_learn_from") as caught:
        run()
    assert caught.value.returncode == 1


def test_a_small_library_is_refused(stored_image: Store, folder: Path) -> None:
    for seed in range(3):
        stored_image(seed=seed)
    with command_refused("too_few_images", least=20, num=3):
        run()
    assert not folder.exists()


def test_too_few_labels_are_refused(library: list[Image]) -> None:
    Image.objects.update(label="")
    Image.objects.filter(pk__in=[library[0].pk, library[1].pk]).update(label="a")
    wait_until_indexed.drain()
    with command_refused("too_few_pairs", least=20):
        run("--pairs", "labels")


def test_no_verdicts_at_all_are_refused(library: list[Image]) -> None:
    with command_refused("too_few_pairs", same=0, different=0):
        run("--pairs", "verdicts")


def test_labels_of_images_not_yet_described_are_refused(library: list[Image]) -> None:
    with command_refused("none_described"):
        run("--pairs", "labels")


def test_without_content_network_a_head_is_refused(tmp_path: Path, library: list[Image]) -> None:
    settings.SEARCH_METHOD_OPTIONS["deep"] = {"backbone": "resnet50", "weights_dir": tmp_path}
    registry.methods.cache_clear()
    with command_refused("content_expected", because={"code": "no_weights", "params": {"backbone": "ResNet50"}}):
        run()


@pytest.mark.parametrize(
    ("arguments", "code", "about"),
    [
        (("--views", "0"), "number_too_small", {"option": "--views", "least": 1, "got": 0}),
        (("--max-images", "-1"), "number_too_small", {"option": "--max-images", "least": 1, "got": -1}),
        (("--epochs", "0"), "number_too_small", {"option": "--epochs", "least": 1, "got": 0}),
        (("--images", "x", "--pairs", "labels"), "photographs_have_no_verdicts", {}),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: tuple[str, ...], code: str, about: dict[str, Any]) -> None:
    with command_refused(code, **about):
        run(*arguments)


@pytest.mark.parametrize(
    "arguments", [("--architecture", "resnet"), ("--pairs", "guesses"), ("--adopt", "maybe")], ids=lambda each: each[0]
)
def test_choices_that_there_are_not_are_refused(arguments: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match=arguments[1]):
        run(*arguments)


def test_an_unknown_collection_is_refused() -> None:
    with command_refused("no_collection_named", name="Nothing"):
        run("--collection", "Nothing")


def test_a_collection_bounds_what_is_learned_from(library: list[Image]) -> None:
    collection = Collection.objects.create(name="Few")
    collection.images.add(*library[:5])
    with command_refused("too_few_images", num=5):
        run("--collection", "Few")


def test_a_place_without_photographs_is_refused(tmp_path: Path) -> None:
    with command_refused("photographs_gone", path=str(tmp_path / "nowhere")):
        run("--images", str(tmp_path / "nowhere"))

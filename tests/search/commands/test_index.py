"""The commands build_index and search_image: what they print, and how they end."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from PIL import Image as Picture

from gallery.models import Collection, Image
from search.features import registry
from search.features.extraction import describe_images
from search.generations import snapshot
from search.models import Generation
from search.weights.adopted import decide_for
from tests.codes import command_refused
from tests.search.library import add_features, add_library
from tests.search.plug_ins import Gray
from tests.search.scenes import store_scenes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.GENERATIONS_DIR = tmp_path / "generations"
    snapshot.forget()
    yield
    snapshot.forget()


def run(name: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(name, *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.fixture
def labelled(rng: np.random.Generator) -> list[Image]:
    return store_scenes(rng)


@pytest.mark.usefixtures("few_methods")
def test_build_index_tells_what_it_built(rng: np.random.Generator) -> None:
    add_library(5, rng)
    text = run("build_index")
    names = registry.current_versions()
    assert f"5 images, {', '.join(names)}; recall@20: search is exact" in text
    found = json.loads(run("build_index", "--json"))
    assert found["generation"] == Generation.objects.get(life="active").pk
    assert (found["images"], found["recall"], set(found["methods"])) == (5, {}, set(names))


def test_build_index_refuses_an_empty_library() -> None:
    with command_refused("nothing_to_build_from") as caught:
        run("build_index")
    assert caught.value.returncode == 1


def test_search_image_by_number(labelled: list[Image]) -> None:
    run("build_index")
    found = json.loads(
        run("search_image", str(labelled[0].pk), "--top", "3", "--weights", "color=.5,ssim=.5", "--json")
    )
    assert len(found["results"]) == 3
    assert (found["results"][0]["rank"], found["results"][0]["label"]) == (1, "dawn")
    assert found["results"][0]["sha256"]
    assert set(found["results"][0]["methods"]["color"]) == {"weight", "raw", "rarity", "one_in", "share", "rank"}
    assert found["results"][0]["methods"]["texture"]["raw"] is None
    text = run("search_image", str(labelled[0].pk), "--top", "2")
    assert text.count("1 in ") == 4
    assert "texture missing" in text
    assert "12 images searched exactly" in text


def test_search_image_in_a_collection_goes_by_its_weights(labelled: list[Image]) -> None:
    scans = Collection.objects.create(name="Scans")
    scans.images.set(labelled)
    decide_for(scans, AnonymousUser(), weights={"ssim": 1.0})
    arguments = ("search_image", str(labelled[0].pk), "--collection", "Scans", "--json")
    assert {name for name, weight in json.loads(run(*arguments))["weights"].items() if weight} == {"ssim"}
    asked = json.loads(run(*arguments, "--weights", "color=1"))["weights"]
    assert {name for name, weight in asked.items() if weight} == {"color"}


def test_search_image_by_file(
    plug_in_methods: Callable[..., None], stored_image: Callable[..., Image], tmp_path: Path
) -> None:
    plug_in_methods(Gray)
    images = [stored_image(color) for color in ((0, 0, 0), (255, 255, 255), (120, 120, 120))]
    used = registry.methods()
    for image, level in zip(images, (0, 255, 120), strict=True):
        add_features([image.pk], describe_images([np.full((9, 9, 3), level, np.uint8)], used))
    Picture.new("RGB", (20, 20), (250, 250, 250)).save(tmp_path / "white.png")
    answer = run("search_image", str(tmp_path / "white.png"), "--weights", "gray=1", "--json", "--collection", "")
    assert json.loads(answer)["results"][0]["image_id"] == images[1].pk


@pytest.mark.parametrize(
    ("arguments", "code", "about"),
    [
        (["no-such-file.png"], "no_such_file", {"got": "no-such-file.png"}),
        (["99999"], "no_image", {"id": 99999}),
        (["{id}", "--weights", "color=-1"], "weight_wrong", {"method": "color", "got": -1.0}),
        (["{id}", "--weights", "color=0"], "no_weight", {}),
        (["{id}", "--weights", "colour=1"], "unknown_method", {"name": "colour"}),
        (["{id}", "--collection", "nowhere"], "no_collection_named", {"name": "nowhere"}),
        (["{id}", "--top", "0"], "number_too_small", {"option": "--top", "least": 1, "got": 0}),
    ],
)
def test_search_image_refuses(rng: np.random.Generator, arguments: list[str], code: str, about: dict[str, Any]) -> None:
    ids, _ = add_library(3, rng)
    with command_refused(code, **about):
        run("search_image", *(argument.replace("{id}", str(ids[0])) for argument in arguments))


@pytest.mark.parametrize("weights", ["color", "color=x", "=1,color", ""])
def test_search_image_refuses_weights_that_are_none(weights: str) -> None:
    with pytest.raises(CommandError, match="expected method=number"):
        run("search_image", "1", f"--weights={weights}")


def test_search_image_refuses_a_file_that_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("this is no image")
    with command_refused("file_refused", path=str(tmp_path / "text.png")):
        run("search_image", str(tmp_path / "text.png"))

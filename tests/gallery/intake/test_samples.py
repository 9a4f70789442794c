"""The sample gallery."""

from __future__ import annotations

import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from PIL import Image as Picture

from gallery.decoding.process import ROOT
from gallery.intake.samples import (
    COLLECTION,
    EDITS,
    ORIGINAL,
    PHOTOGRAPHS,
    load_samples,
    make_samples,
    photographs_folder,
)
from gallery.models import Collection, Image


def test_it_works(tmp_path: Path) -> None:
    paths = make_samples(tmp_path)
    assert len(paths) == len(PHOTOGRAPHS) * (1 + len(EDITS))
    assert {path.name for path in paths} == {path.name for path in tmp_path.iterdir()}
    original = tmp_path / f"astronaut-{ORIGINAL}.png"
    assert original.read_bytes() == (photographs_folder() / "astronaut.png").read_bytes()
    sizes = {}
    for edit in EDITS:
        with Picture.open(tmp_path / f"astronaut-{edit}.jpg") as picture:
            sizes[edit] = picture.size
    assert sizes == {
        "crop": (358, 358),
        "jpeg": (512, 512),
        "blur": (512, 512),
        "cast": (512, 512),
        "rotation": (442, 442),
    }


def test_a_turned_photograph_has_no_empty_corners(tmp_path: Path) -> None:
    make_samples(tmp_path)
    with Picture.open(tmp_path / "coffee-rotation.jpg") as picture:
        corners = [picture.getpixel(place) for place in ((0, 0), (picture.width - 1, 0), (0, picture.height - 1))]
    assert (0, 0, 0) not in corners


@pytest.mark.slow
def test_the_files_are_the_same_every_time(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    for first, second in zip(make_samples(one), make_samples(other), strict=True):
        assert first.read_bytes() == second.read_bytes()


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.usefixtures("folders")
def test_loading_twice_stores_once() -> None:
    number = len(PHOTOGRAPHS) * (1 + len(EDITS))
    assert load_samples() == {"stored": number}
    out = StringIO()
    call_command("load_samples", stdout=out)
    assert re.findall(r"\d+", out.getvalue()) == ["0", str(number)]
    shown = Image.objects.shown()
    assert shown.count() == Collection.objects.get(name=COLLECTION).images.count() == number
    assert set(shown.values_list("label", flat=True)) == set(PHOTOGRAPHS)
    assert set(shown.values_list("tags__name", flat=True)) == {ORIGINAL, *EDITS}


def test_scikit_image_is_not_imported() -> None:
    code = (
        "import sys; from gallery.intake.samples import photographs_folder as f; f(); print('skimage' in sys.modules)"
    )
    setup = "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'; import django; django.setup(); "
    shown = subprocess.run([sys.executable, "-c", setup + code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"

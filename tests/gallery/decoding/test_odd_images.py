"""Hundreds of odd, broken and hostile files through the real intake: every one ends ready or refused by name."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from gallery.decoding import get_decoder
from gallery.intake.store import store_images
from gallery.models import Image
from gallery.reasons import REASONS
from tests.gallery.blob_files import derivative_path, original_path

pytestmark = [pytest.mark.data, pytest.mark.django_db, pytest.mark.usefixtures("folders")]


@pytest.fixture
def odd_images(data_dir: Path, tmp_path: Path) -> list[Path]:
    """The members of the archive, under their own names."""
    paths = []
    with zipfile.ZipFile(data_dir / "odd-images.zip") as archive:
        for number, member in enumerate(info for info in archive.infolist() if not info.is_dir()):
            path = tmp_path / "odd" / str(number) / PurePosixPath(member.filename).name
            path.parent.mkdir(parents=True)
            path.write_bytes(archive.read(member))
            paths.append(path)
    return paths


@pytest.mark.slow
def test_every_file_ends_ready_for_analysis_or_refused(
    odd_images: list[Path], folders: Callable[[], list[str]]
) -> None:
    outcomes = [outcome for _path, outcome in store_images(odd_images)]
    counts = Counter(outcome.kind for outcome in outcomes)
    assert counts["stored"] > 400
    assert counts["refused"] > 100
    reasons = {outcome.reason for outcome in outcomes if outcome.kind == "refused"}
    assert reasons <= dict(REASONS).keys()
    assert reasons.isdisjoint({"decoder_crashed", "decoder_timeout", "internal_retry_exhausted"})
    assert not Image.objects.filter(status=Image.Status.PENDING).exists()
    assert {name[:64] for name in folders()} == set(Image.objects.values_list("sha256", flat=True))
    for image in Image.objects.filter(status=Image.Status.READY):
        assert derivative_path(image.sha256, "thumb").stat().st_size
        assert derivative_path(image.sha256, "display").stat().st_size
        assert max(get_decoder().pixels(original_path(image.sha256), 512).shape) <= 512

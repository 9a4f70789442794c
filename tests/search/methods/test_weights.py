"""Downloads from a real server on the loopback interface, which can be told to misbehave."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from search.exceptions import WeightsError
from search.methods.weights import backbones, fetch, find_backbone, is_intact
from tests.codes import refused
from tests.search.file_server import CONTENT, FileServer, serving


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as running:
        yield running


def part(folder: Path) -> Path:
    return folder / "net_notop.h5.part"


def test_it_works(server: FileServer, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    path = fetch(server.backbone(), tmp_path / "new" / "folder", lambda done, total: told.append((done, total)))
    assert path == tmp_path / "new" / "folder" / "net_notop.h5"
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)


def test_sha256_is_as_good(server: FileServer, tmp_path: Path) -> None:
    checksum = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
    assert is_intact(fetch(server.backbone(checksum), tmp_path), checksum)


def test_what_is_there_is_not_fetched_again(server: FileServer, tmp_path: Path) -> None:
    fetch(server.backbone(), tmp_path)
    fetch(server.backbone(), tmp_path)
    assert len(server.ranges) == 1


def test_a_damaged_file_is_replaced(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "net_notop.h5").write_bytes(b"damaged")
    assert fetch(server.backbone(), tmp_path).read_bytes() == CONTENT


def test_a_download_that_was_cut_off_goes_on(server: FileServer, tmp_path: Path) -> None:
    server.cut_after = 300_000
    with refused(WeightsError, "download_failed", url=server.backbone().url):
        fetch(server.backbone(), tmp_path)
    assert part(tmp_path).stat().st_size == 300_000
    assert not (tmp_path / "net_notop.h5").exists()
    server.cut_after = None
    told: list[tuple[int, int]] = []
    path = fetch(server.backbone(), tmp_path, lambda done, total: told.append((done, total)))
    assert server.ranges == ["", "bytes=300000-"]
    assert path.read_bytes() == CONTENT
    assert told[0][0] > 300_000
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert not part(tmp_path).exists()


def test_a_server_without_ranges_starts_over(server: FileServer, tmp_path: Path) -> None:
    part(tmp_path).write_bytes(b"x" * 1000)
    server.knows_ranges = False
    assert fetch(server.backbone(), tmp_path).read_bytes() == CONTENT


def test_a_download_that_ended_before_its_check_is_checked(server: FileServer, tmp_path: Path) -> None:
    part(tmp_path).write_bytes(CONTENT)
    assert fetch(server.backbone(), tmp_path).read_bytes() == CONTENT


def test_wrong_checksum_is_refused(server: FileServer, tmp_path: Path) -> None:
    with refused(WeightsError, "download_damaged", checksum="md5:" + "0" * 32):
        fetch(server.backbone("md5:" + "0" * 32), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_damaged_part_is_thrown_away(server: FileServer, tmp_path: Path) -> None:
    part(tmp_path).write_bytes(b"x" * 1000)
    with refused(WeightsError, "download_damaged"):
        fetch(server.backbone(), tmp_path)
    assert fetch(server.backbone(), tmp_path).read_bytes() == CONTENT


def test_no_checksum_is_refused(server: FileServer, tmp_path: Path) -> None:
    with refused(WeightsError, "no_published_checksum", backbone="SomeNet"):
        fetch(server.backbone(""), tmp_path)
    assert server.ranges == []


def test_missing_file_is_said(server: FileServer, tmp_path: Path) -> None:
    with refused(WeightsError, "download_failed", cause="Not Found"):
        fetch(server.backbone(path="gone"), tmp_path)


def test_server_that_is_down_is_said(server: FileServer, tmp_path: Path) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(WeightsError) as caught:
        fetch(server.backbone(), tmp_path)
    assert caught.value.code == "download_failed"
    assert os.strerror(errno.ECONNREFUSED) in caught.value.params["cause"]


def test_full_disk_is_said(server: FileServer, tmp_path: Path) -> None:
    part(tmp_path).symlink_to("/dev/full")
    with refused(WeightsError, "download_not_written", path=str(part(tmp_path)), cause=os.strerror(errno.ENOSPC)):
        fetch(server.backbone(), tmp_path)


def test_folder_that_cannot_be_made_is_said(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with refused(WeightsError, "download_not_written"):
        fetch(server.backbone(), tmp_path / "file")


class TestTable:
    def test_names_are_found_however_they_are_written(self) -> None:
        for name in ("resnet50", "ResNet50", "RESNET-50"):
            assert find_backbone(name).name == "ResNet50"

    def test_resnet50_is_the_one_of_the_guide(self) -> None:
        resnet = backbones()["resnet50"]
        assert (resnet.module, resnet.side) == ("resnet", 224)
        assert resnet.file_name == "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"

    def test_unknown_name_is_refused(self) -> None:
        with pytest.raises(WeightsError) as caught:
            find_backbone("resnet51")
        assert caught.value.code == "unknown_backbone"
        assert caught.value.params["expected"][:5] == ["compact", "lite0", "lite1", "lite2", "ResNet50"]

    def test_it_says_what_the_installed_keras_says(self) -> None:
        spec = importlib.util.find_spec("keras")
        assert spec is not None
        assert spec.submodule_search_locations is not None
        folder = Path(spec.submodule_search_locations[0]) / "src" / "applications"
        sources = {path.stem: path.read_text() for path in folder.glob("*.py")}
        hashes = "".join(sources.values())
        for backbone in backbones().values():
            assert f"def {backbone.name}(" in sources[backbone.module]
            assert backbone.checksum.partition(":")[2] in hashes
            assert backbone.url.startswith("https://storage.googleapis.com/")
        assert [name for name, each in backbones().items() if not each.checksum] == ["mobilenet", "mobilenetv2"]

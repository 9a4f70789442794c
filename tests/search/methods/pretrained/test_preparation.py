"""Packages as they are installed, and what becomes of them; lite0 is the smallest."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from jobs.locks import locked
from search.exceptions import WeightsError
from search.methods.deep import Deep
from search.methods.model_files import BUILT_IN, find_model_file, fingerprint
from search.methods.pretrained import packages, photographs, preparation
from search.methods.pretrained.checksum import is_whole
from search.methods.pretrained.efficientnet_lite import Lite, fold
from search.methods.pretrained.packages import PACKAGES, Package, check_intact, named, weights_of
from search.methods.pretrained.preparation import file_of, prepared
from search.methods.pretrained.state_dict import read_state_dict
from tests.codes import refused

ROOT = Path(__file__).resolve().parents[4]
LITE0 = PACKAGES["lite0"]
BLACK = np.zeros((9, 9, 3), np.uint8)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which lite0 lies ready."""
    folder = tmp_path_factory.mktemp("models")
    prepared(LITE0, folder)
    return folder


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], Package]:
    """Install a package of one's own with these bytes in the place of the weights, known by their checksum."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(content: bytes) -> Package:
        package = replace(
            LITE0, distribution="own-lite0-model", file_name="own.pth", sha256=sha256(content).hexdigest()
        )
        path = tmp_path / package.module / "models" / package.file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parents[1] / "__init__.py").write_text("raise SystemExit('packages are not to be run')\n")
        path.write_bytes(content)
        monkeypatch.setitem(packages.PACKAGES, "lite0", package)
        return package

    return install


@pytest.mark.parametrize("name", PACKAGES)
def test_the_packages_are_those_that_are_known(name: str) -> None:
    check_intact(PACKAGES[name], weights_of(PACKAGES[name]))


@pytest.mark.parametrize("name", ["lite2", "Lite2", "EfficientNet-Lite2", "efficientnet_lite2"])
def test_names_are_found_however_they_are_written(name: str) -> None:
    assert named(name) is PACKAGES["lite2"]
    assert named("efficientnetb0") is None


@pytest.mark.parametrize("name", PACKAGES)
def test_it_works(name: str, tmp_path: Path) -> None:
    """The file is made only where the network knows what the photographs show."""
    path = prepared(PACKAGES[name], tmp_path / "models")
    assert path == file_of(PACKAGES[name], tmp_path / "models")
    assert is_whole(path)
    assert 9e6 < path.stat().st_size < 12.5e6
    found = find_model_file({"backbone": name, "models_dir": path.parent})
    assert (found.path, found.title, found.engine, found.stands_in) == (path, name, "litert", None)


def test_what_makes_pages_makes_no_file(tmp_path: Path) -> None:
    deep = Deep({"backbone": "lite0", "models_dir": tmp_path / "models"})
    assert (deep.version, deep.unavailable(), deep.stands_in()) == ("1-lite0-57934424.1", None, None)
    assert list(tmp_path.iterdir()) == []


def test_neither_torch_nor_tensorflow_is_needed(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
import numpy as np
from search.methods import load_method
deep = load_method("deep", {{"backbone": "lite0", "models_dir": Path({str(tmp_path)!r})}})
assert deep.describe([np.zeros((9, 9, 3), np.uint8)]).shape == (1, 1280)
print(*sorted(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    unwanted = {"torch", "tensorflow", "keras", "django", "skimage", "scipy", LITE0.module}
    assert set(done.stdout.split()) & unwanted == set()


def test_it_is_made_once(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file_of(LITE0, made).stat()
    monkeypatch.setattr(preparation, "read_state_dict", None)  # would fail if called
    assert file_of(LITE0, made) == prepared(LITE0, made)
    assert file_of(LITE0, made).stat().st_mtime_ns == before.st_mtime_ns


def test_many_who_ask_at_once_get_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folded = []

    def count(*given: object) -> Lite:
        folded.append(given)
        return fold(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(preparation, "fold", count)
    with ThreadPoolExecutor(6) as pool:
        paths = list(pool.map(lambda _number: prepared(LITE0, tmp_path), range(6)))
    assert set(paths) == {file_of(LITE0, tmp_path)}
    assert len(folded) == 1


def test_a_file_that_was_damaged_is_made_again(made: Path, tmp_path: Path) -> None:
    path = file_of(LITE0, tmp_path)
    content = bytearray(file_of(LITE0, made).read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert not is_whole(path)
    assert fingerprint(prepared(LITE0, tmp_path)) == fingerprint(file_of(LITE0, made))


class TestTheBuiltInServes:
    """Where a package cannot serve; and why is said."""

    def serving(self, folder: Path | None, code: str) -> WeightsError:
        """See that it does, and return what is said."""
        deep = Deep({"backbone": "lite0", "models_dir": folder})
        assert deep.unavailable() is None
        assert deep.version == Deep().version == f"1-encoder-{fingerprint(BUILT_IN)}"
        assert deep.describe([BLACK]).shape == (1, 256)
        error = deep.stands_in()
        assert isinstance(error, WeightsError)
        assert error.code == code
        return error

    def serving_after(self, folder: Path, code: str) -> WeightsError:
        """See that it does once the network was tried, for every process."""
        deep = Deep({"backbone": "lite0", "models_dir": folder})
        assert deep.version.startswith("1-lite0-")
        assert deep.stands_in() is None
        with refused(WeightsError, code):
            deep.describe([BLACK])
        assert deep.describe([BLACK]).shape == (1, 256)
        return self.serving(folder, code)

    def test_absent(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(PACKAGES, "lite0", replace(LITE0, distribution="no-such-model"))
        error = self.serving(tmp_path, "package_absent")
        assert error.params == {"network": "lite0", "package": "no-such-model"}
        assert list(tmp_path.iterdir()) == []

    def test_damaged(self, own: Callable[[bytes], Package], tmp_path: Path) -> None:
        weights_of(own(b"some bytes")).write_bytes(b"other bytes")
        self.serving_after(tmp_path / "models", "package_damaged")

    @pytest.mark.parametrize(
        ("content", "code"), [(b"no weights", "tensors_damaged"), (b"\x80\x02cos\nsystem\n.", "tensors_forbidden")]
    )
    def test_no_weights(self, own: Callable[[bytes], Package], tmp_path: Path, content: bytes, code: str) -> None:
        own(content)
        self.serving_after(tmp_path / "models", code)

    def test_a_reader_that_ignores_strides(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """All sizes are right, all numbers finite; only photographs tell."""

        def as_it_lies(path: Path) -> dict[str, np.ndarray]:
            found = read_state_dict(path)
            for name, tensor in found.items():
                if tensor.ndim == 4:
                    found[name] = tensor.transpose(0, 2, 3, 1).reshape(tensor.shape)
            return found

        monkeypatch.setattr(preparation, "read_state_dict", as_it_lies)
        error = self.serving_after(tmp_path, "sees_nothing")
        assert len(error.params["pictures"]) >= 3
        assert [path.name for path in tmp_path.glob("*.tflite")] == []

    def test_no_folder(self) -> None:
        self.serving(None, "no_place")

    def test_one_that_went_blind_is_withdrawn(
        self, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.copy(file_of(LITE0, made), tmp_path)
        monkeypatch.setattr(photographs, "KNOWN", dict.fromkeys(photographs.KNOWN, frozenset({0})))
        self.serving_after(tmp_path, "sees_nothing")
        assert not file_of(LITE0, tmp_path).exists()


class TestNoPlace:
    """What may pass is not noted: another network would describe all images anew for it."""

    def test_a_file_where_the_folder_should_be(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        deep = Deep({"backbone": "lite0", "models_dir": tmp_path / "file" / "models"})
        with refused(WeightsError, "no_place"):
            deep.describe([BLACK])
        assert deep.stands_in() is None

    def test_somebody_else_makes_it_for_too_long(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(preparation, "_LOCK_SECONDS", 0.01)
        with locked(tmp_path / ".lock"), refused(WeightsError, "no_place"):
            prepared(LITE0, tmp_path)
        assert is_whole(prepared(LITE0, tmp_path))


class TestWhatWasRefused:
    def test_is_not_tried_again(self, own: Callable[[bytes], Package], tmp_path: Path) -> None:
        package = own(b"some bytes")
        weights_of(package).write_bytes(b"other bytes")
        folder = tmp_path / "models"
        with refused(WeightsError, "package_damaged"):
            prepared(package, folder)
        note = file_of(package, folder).with_suffix(".refused.json")
        note.write_text(note.read_text().replace("package_damaged", "as_noted"))
        with refused(WeightsError, "as_noted", package="own-lite0-model"):
            prepared(package, folder)

    def test_is_tried_again_when_the_package_changes(self, own: Callable[[bytes], Package], tmp_path: Path) -> None:
        content = weights_of(LITE0).read_bytes()
        package = own(content)
        weights_of(package).write_bytes(content[:-1])
        with refused(WeightsError, "package_damaged"):
            prepared(package, tmp_path / "models")
        weights_of(package).write_bytes(content)
        path = prepared(package, tmp_path / "models")
        assert is_whole(path)
        assert not path.with_suffix(".refused.json").exists()

    @pytest.mark.parametrize("note", ["", "[]", "{}", json.dumps({"code": 1, "params": [], "source": []})])
    def test_a_note_that_cannot_be_read_is_none(self, made: Path, tmp_path: Path, note: str) -> None:
        path = file_of(LITE0, tmp_path)
        path.with_suffix(".refused.json").write_text(note)
        assert prepared(LITE0, tmp_path) == path

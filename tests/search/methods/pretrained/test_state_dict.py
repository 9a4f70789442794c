from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search.exceptions import WeightsError
from search.methods.pretrained import state_dict
from search.methods.pretrained.state_dict import read_state_dict
from tests.codes import refused
from tests.search.methods.pretrained.torch_files import MAGIC, Tensor, archive, legacy, pickled, save

FORMS = {"older": legacy, "newer": archive}
Form = Callable[..., bytes]


@pytest.fixture(params=FORMS.values(), ids=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    made: Form = request.param
    return made


def arrays() -> dict[str, NDArray[Any]]:
    kernel = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
    return {
        "kernel": kernel,
        "halves": np.array([0.5, -2], np.float16),
        "doubles": np.array([[1e-300]]),
        "count": np.array(7),
    }


def test_it_works(form: Form, tmp_path: Path) -> None:
    found = read_state_dict(save(tmp_path / "some.pth", form(arrays())))
    assert list(found) == ["kernel", "halves", "doubles", "count"]
    for name, array in arrays().items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
        assert found[name].flags.c_contiguous


def test_strides_are_honoured(form: Form, tmp_path: Path) -> None:
    """As the numbers of a tensor that was saved "channels last" lie in the file: another order than the shape's."""
    kernel = arrays()["kernel"]
    last = np.ascontiguousarray(kernel.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    assert not last.flags.c_contiguous
    found = read_state_dict(save(tmp_path / "last.pth", form({"kernel": last})))["kernel"]
    np.testing.assert_array_equal(found, kernel)


def test_a_tensor_may_be_a_part_of_its_numbers(form: Form, tmp_path: Path) -> None:
    content = form({"x": np.arange(10, dtype=np.float32)}, lambda: {"x": Tensor("0", "f4", 10, 3, (2, 2), (4, 1))})
    found = read_state_dict(save(tmp_path / "part.pth", content))["x"]
    assert found.tolist() == [[3, 4], [7, 8]]


def test_an_empty_tensor_is_read(form: Form, tmp_path: Path) -> None:
    found = read_state_dict(save(tmp_path / "none.pth", form({"x": np.empty((0, 3), np.float32)})))
    assert found["x"].shape == (0, 3)


class Asks:
    """Asks for a function to be called while it is read."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


class TestHostile:
    def test_code_is_not_run(self, form: Form, tmp_path: Path) -> None:
        mark = tmp_path / "was-here"
        content = form({"x": np.zeros(1, np.float32)}, lambda: {"x": Asks(os.mkdir, str(mark))})
        with refused(WeightsError, "tensors_forbidden", wanted="posix.mkdir"):
            read_state_dict(save(tmp_path / "evil.pth", content))
        assert not mark.exists()

    @pytest.mark.parametrize("function", [eval, getattr, pickle.loads], ids=str)
    def test_no_other_name_is_looked_up(self, form: Form, function: Any, tmp_path: Path) -> None:
        content = form({"x": np.zeros(1, np.float32)}, lambda: {"x": Asks(function, "1")})
        with refused(WeightsError, "tensors_forbidden"):
            read_state_dict(save(tmp_path / "evil.pth", content))

    def test_newer_steps_are_refused(self, tmp_path: Path) -> None:
        with refused(WeightsError, "tensors_forbidden", wanted="STACK_GLOBAL"):
            read_state_dict(save(tmp_path / "evil.pth", pickle.dumps(os.getcwd, protocol=4)))

    def test_before_the_tensors_too(self, tmp_path: Path) -> None:
        with refused(WeightsError, "tensors_forbidden"):
            read_state_dict(save(tmp_path / "evil.pth", pickled(Asks(os.getcwd)) + pickled(1) * 4))

    def test_kinds_of_numbers_are_ours(self, form: Form, tmp_path: Path) -> None:
        content = form({"x": np.zeros(1, np.int32)})
        with refused(WeightsError, "tensors_forbidden", wanted="torch.IntStorage"):
            read_state_dict(save(tmp_path / "kind.pth", content))

    def test_a_place_far_beyond_the_end_takes_no_memory(self, tmp_path: Path) -> None:
        content = b"\x80\x02}r\xff\xff\xff\x7f."  # put into place 2**31 - 1 of the memo
        with refused(WeightsError, "tensors_damaged"):
            read_state_dict(save(tmp_path / "wide.pth", content))

    def test_an_archive_that_unpacks_to_too_much(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        content = archive({"x": np.zeros(100, np.float32)})
        path = save(tmp_path / "bomb.pth", content)
        monkeypatch.setattr(state_dict, "MAX_BYTES", len(content))
        assert len(read_state_dict(path)) == 1
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as more:
            more.writestr("model/data/zeros", bytes(10 * len(content)))
        monkeypatch.setattr(state_dict, "MAX_BYTES", path.stat().st_size)
        with refused(WeightsError, "tensors_damaged"):
            read_state_dict(path)

    @pytest.mark.parametrize(
        "about",
        [
            (0, (11,), (1,)),
            (1, (10,), (1,)),
            (0, (2, 2), (9, 1)),
            (0, (5, 5), (0, 1)),
            (-1, (2,), (1,)),
            (0, (2,), (-1,)),
            (0, (-2,), (1,)),
            (0, (2, 2), (1,)),
        ],
    )
    def test_tensors_that_reach_beyond_their_numbers(self, form: Form, about: Any, tmp_path: Path) -> None:
        content = form({"x": np.arange(10, dtype=np.float32)}, lambda: {"x": Tensor("0", "f4", 10, *about)})
        with refused(WeightsError, "tensors_damaged"):
            read_state_dict(save(tmp_path / "beyond.pth", content))


class TestDamaged:
    def test_cut_off_anywhere(self, form: Form, tmp_path: Path) -> None:
        content = form(arrays())
        for kept in range(0, len(content) - 1, 7):
            with refused(WeightsError, "tensors_damaged"):
                read_state_dict(save(tmp_path / "cut.pth", content[:kept]))

    def test_any_byte_changed_is_read_or_refused(self, form: Form, tmp_path: Path) -> None:
        content, generator = form(arrays()), np.random.default_rng(20)
        for place in generator.choice(len(content), 200, replace=False):
            changed = bytearray(content)
            changed[place] ^= int(generator.integers(1, 256))
            with suppress(WeightsError):
                read_state_dict(save(tmp_path / "changed.pth", bytes(changed)))

    @pytest.mark.parametrize("content", [b"", b"PK", b"<html>not found</html>", bytes(1000)])
    def test_something_else(self, content: bytes, tmp_path: Path) -> None:
        with refused(WeightsError, "tensors_damaged"):
            read_state_dict(save(tmp_path / "page.pth", content))

    def test_an_earlier_form_of_the_older_form(self, tmp_path: Path) -> None:
        with refused(WeightsError, "tensors_damaged"):
            read_state_dict(save(tmp_path / "old.pth", b"".join(map(pickled, (MAGIC, 1000, {}, {}, [])))))

    def test_no_tensors(self, form: Form, tmp_path: Path) -> None:
        with refused(WeightsError, "tensors_damaged"):
            read_state_dict(save(tmp_path / "none.pth", form({"x": np.zeros(1, np.float32)}, lambda: {"x": 1})))

    def test_not_there(self, tmp_path: Path) -> None:
        with refused(WeightsError, "tensors_unreadable", path=str(tmp_path / "gone.pth")):
            read_state_dict(tmp_path / "gone.pth")

    def test_too_long(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(state_dict, "MAX_BYTES", 10)
        with refused(WeightsError, "tensors_unreadable"):
            read_state_dict(save(tmp_path / "long.pth", bytes(11)))

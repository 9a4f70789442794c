"""The command train_names."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command

from jobs.commands import RefusedCommandError


def test_a_content_network_without_classes_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "names.npz"
    with pytest.raises(RefusedCommandError) as caught:  # tests use the encoder, which names nothing
        call_command("train_names", images=tmp_path, out=out)
    assert caught.value.error.code == "no_class_network"
    assert not out.exists()


def test_wordnet_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedCommandError) as caught:
        call_command("train_names", images=tmp_path, lexicon=[tmp_path, tmp_path / "cedict.txt"])
    assert caught.value.error.code == "names_not_written"
    assert "data.noun" in str(caught.value)

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import networks


def test_networks_stand_beside_one_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two colors, six pictures of each: whatever a network sees of them, it tells red from blue."""
    generator = np.random.default_rng(20)
    for label, color in (("red", (220, 40, 40)), ("blue", (40, 40, 220))):
        (tmp_path / "photographs" / label).mkdir(parents=True)
        for number in range(6):
            pixels = np.clip(np.array(color) + generator.normal(0, 20, (40, 60, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photographs" / label / f"{number}.png")
    out = tmp_path / "out.json"
    words = [
        "--images",
        str(tmp_path / "photographs"),
        "--networks",
        "compact",
        "lite0",
        "--copies",
        "2",
        "--out",
        str(out),
    ]
    monkeypatch.setattr(sys, "argv", ["networks.py", *words])
    networks.main()
    document = json.loads(out.read_text())
    assert document["data"] == "12 photographs of photographs in 2 folders, each folder a label"
    compact, lite = document["runs"]
    assert (compact["network"], compact["numbers"], lite["network"], lite["numbers"]) == ("compact", 256, "lite0", 1280)
    assert 9e6 < lite["file_bytes"] < 1e7
    for run in (compact, lite):
        assert run["map"] > 0.9
        assert 0 < run["ms"] <= run["p95_ms"]
    assert "reduced_map" not in compact
    assert "head" not in lite
    head = compact["head"]
    assert head.keys() == {"deep", "siamese", "both"}
    assert head["deep"]["map"] == compact["map"]
    assert all(0 <= value <= 1 for figures in head.values() for value in figures.values())
    assert head["siamese"].keys() - head["both"].keys() == {"within_7_bits"}
    assert lite["reduced_map"] > 0.9

"""The page of measurements: made of the files beside it, and true to them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import machine, report
from benchmarks.report_sections import CALTECH, SECTIONS

ROOT = Path(__file__).resolve().parent.parent
MACHINE = {
    "processor": "a processor",
    "cores": 2,
    "memory_gib": 24.0,
    "system": "Linux x86_64",
    "python": "3.11.7",
    "date": "2026-01-02",
}


def row(text: str, start: str) -> list[str]:
    """Return the cells of the row of a page's tables whose first cell begins like this."""
    (line,) = (line for line in text.splitlines() if line.startswith(f"| {start}"))
    return [cell.strip() for cell in line.strip("| ").split(" | ")]


def numbers(text: str) -> list[str]:
    """Return the figures of a text, in their order."""
    return re.findall(r"[-+]?\d[\d,]*(?:\.\d+)?", text)


def figures(value: float) -> dict[str, float]:
    return {"map": value, "p_at_1": value}


def copies(value: float) -> dict[str, float]:
    return {"map": value, "recall_at_1": value}


@pytest.fixture
def quality() -> dict[str, Any]:
    """A document of `benchmarks/claims.py`: deep is twice as good as the others, raw sums half."""
    singles = {"color": 0.1, "ssim": 0.2, "texture": 0.15, "deep": 0.4}
    return {
        "machine": MACHINE,
        "command": "python benchmarks/claims.py --images photographs",
        "backbone": "compact",
        "ssim_ms": {"guide_224": 10.2, "guide_512": 108.2, "scikit_image_64": 0.3, "search_64": 0.07},
        "labels": {
            "queries": 900,
            "methods": {name: figures(value) for name, value in singles.items()},
            "fused": {"default": figures(0.36)},
            "reference": {"raw_sum": figures(0.2), "guide_sum": figures(0.34)},
        },
        "copies": {
            "queries": 150,
            "methods": {name: copies(value) for name, value in singles.items()},
            "fused": {"default": copies(0.5)},
            "edits": {
                "methods": {"deep": {"blur": copies(0.9), "crop": copies(0.7)}},
                "fused": {"default": {"blur": copies(1), "crop": copies(1)}},
            },
        },
        "learned": {
            "copies": {
                "sets": {
                    "strong_copies": {
                        "best_single": "deep",
                        "rankings": {
                            "learned": {"map": 0.75, "p_at_1": 0.6},
                            "default": {"map": 0.7, "p_at_1": 0.55},
                            "deep": {"map": 0.6, "p_at_1": 0.5},
                        },
                    }
                }
            }
        },
    }


def test_it_works(quality: dict[str, Any]) -> None:
    text = report.page({"claims-built-in": quality})
    _claim, measured, _so = row(text, "Deep features")
    assert numbers(measured) == ["+100", "0.400", "0.200"]
    _claim, measured, so = row(text, "A weighted sum")
    assert numbers(measured) == ["-50", "0.200", "0.400"]
    assert numbers(so) == ["0.340", "-15", "0.360", "-10", "+25"]  # on rarities, the default's, learned
    _claim, measured, _so = row(text, "The same, on edited copies")
    assert numbers(measured) == ["+25", "1", "0.500", "0.400"]  # the second of recall@1
    assert row(text, "crop") == ["crop", "0.70", "1.00"]
    learned = ["0.6000 / 0.500", "0.7000 / 0.550", "0.7500 / 0.600", "1.250 x / 1.200 x"]
    assert row(text, "copies: strong_copies")[1:] == learned
    assert "a processor, 2 cores, 24.0 GiB" in text


def test_methods_left_out_on_copies_are_named_beside_the_claim(quality: dict[str, Any]) -> None:
    claim = "The same, on edited copies"
    assert "local" not in row(report.page({"claims-built-in": quality}), claim)[1]
    quality["copies"]["left_out"] = ["local"]
    text = report.page({"claims-built-in": quality})
    assert "local" in row(text, claim)[1]
    assert text.count("local") == 2  # and below the table of copies


def test_a_claim_holds_or_fails_by_its_figures(quality: dict[str, Any]) -> None:
    def deep_and_sum() -> tuple[str, str]:
        text = report.page({"claims-built-in": quality})
        return row(text, "Deep features")[2], row(text, "A weighted sum")[2]

    by_far, raw_sum = deep_and_sum()
    assert by_far.startswith("Holds,")
    assert raw_sum.startswith("Fails")
    assert "scales" in raw_sum  # why
    quality["labels"]["methods"]["deep"] = figures(0.28)
    barely = deep_and_sum()[0]
    assert barely.startswith("Holds")
    assert len(barely) < len(by_far)
    quality["labels"]["methods"]["deep"] = figures(0.25)
    quality["labels"]["reference"]["raw_sum"] = figures(0.31)
    deep, raw_sum = deep_and_sum()
    assert deep.startswith("Holds in part")
    assert raw_sum.startswith("Holds")
    assert not raw_sum.startswith("Holds in part")
    assert "scales" not in raw_sum
    quality["labels"]["methods"]["deep"] = figures(0.1)
    assert deep_and_sum()[0].startswith("Fails")


def test_ssim_is_told_as_measured_on_the_quieter_machine(quality: dict[str, Any]) -> None:
    slower = quality | {"ssim_ms": {name: 2 * value for name, value in quality["ssim_ms"].items()}}
    for files in ({"claims-built-in": slower, "claims-pretrained": quality}, {"claims-pretrained": quality}):
        assert "0.070" in numbers(row(report.page(files), "SSIM is too slow")[2])


def test_ann_is_told_with_the_methods_that_it_was_measured_on() -> None:
    run = {"rows": 1_000_000, "p50_ms": 35.0, "p95_ms": 44.0, "recall_at_20": {"color": 0.96, "deep": 0.97}}
    document = {"machine": MACHINE, "command": "python benchmarks/search.py", "runs": [run]}
    _claim, measured, so = row(report.page({"ann-large": document}), "Annoy")
    assert numbers(measured)[:6] == ["1,000,000", "2", "50", "35.0", "95", "44.0"]
    assert "0.96" in measured
    assert numbers(so) == []
    backends = [{"index": name, "rows": 1000, "p50_ms": ms} for name, ms in (("exact", 12.34), ("annoy", 1.0))]
    ann = {"machine": MACHINE, "command": "python benchmarks/ann.py", "results": backends}
    _claim, _measured, so = row(report.page({"ann-large": document, "ann": ann}), "Annoy")
    assert numbers(so) == ["1,000", "12.3", "1.0"]


def test_a_file_tells_its_own_photographs(quality: dict[str, Any]) -> None:
    text = report.page({"claims-built-in": quality | {"data": "12 photographs of mine"}})
    assert "- Data: 12 photographs of mine" in text
    assert CALTECH not in text


def test_what_was_not_measured_is_said_with_its_command() -> None:
    text = report.page({})
    for section in SECTIONS:
        said = text.partition(f"## {section.title}\n")[2].partition("\n## ")[0]
        assert f"`{section.command}`" in said
        assert "|" not in said  # no table


def test_page_is_what_the_files_say() -> None:
    done = subprocess.run([sys.executable, "benchmarks/report.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_check_fails_where_the_page_is_another(
    quality: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "claims-built-in.json").write_text(json.dumps(quality))
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    monkeypatch.setattr(report, "PAGE", tmp_path / "measurements.md")
    monkeypatch.setattr(sys, "argv", ["report.py", "--check"])
    with pytest.raises(SystemExit, match="make measurements"):
        report.main()
    monkeypatch.setattr(sys, "argv", ["report.py"])
    report.main()
    monkeypatch.setattr(sys, "argv", ["report.py", "--check"])
    report.main()


def test_command_line_names_no_folder_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(ROOT / "benchmarks" / "claims.py"), "--images", "/a/b/photographs", "--json"])
    assert machine.command_line() == "python benchmarks/claims.py --images photographs --json"


def test_machine_tells_what_figures_depend_on() -> None:
    assert {"processor", "cores", "memory_gib", "libraries", "date"} <= set(machine.describe_machine())


def test_a_well_known_set_is_shown_in_its_own_measures() -> None:
    runs = [{"ranking": "deep", "N-S": 3.5, "mAP": 0.9}, {"ranking": "default", "N-S": 3.75, "mAP": 0.95}]
    document = {"machine": MACHINE, "command": "python benchmarks/published.py full", "data": "UKBench: 8 pictures"}
    cited = {"system": "Another", "measure": "N-S", "value": 3.6, "source": "a paper"}
    text = report.page({"published": document | {"measures": ["N-S", "mAP"], "runs": runs, "published": [cited]}})
    assert "Another: N-S 3.600 (a paper)" in text
    assert row(text, "Ranking")[1:] == ["N-S", "mAP"]
    assert row(text, "default")[1:] == ["3.75", "0.95"]

"""What a training leaves behind for people and programs: report.md with its curve, and report.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from search.training.curve import draw_curve

JSON, MARKDOWN, CURVE = "report.json", "report.md", "curve.svg"


def write_report(folder: Path, report: dict[str, Any]) -> None:
    """Write the report into the folder of the training, three files.

    Parameters
    ----------
    report : as `search.training.encoder.train_encoder` returns it
    """
    (folder / CURVE).write_text(draw_curve(report["curve"]))
    (folder / JSON).write_text(json.dumps(report, indent=2) + "\n")
    (folder / MARKDOWN).write_text(in_words(report))


def in_words(report: dict[str, Any]) -> str:
    """Return the report as a page in Markdown."""
    images, file, recipe = report["images"], report["file"], report["recipe"]
    skipped = ", ".join(f"{number} {reason}" for reason, number in images["skipped"].items()) or "none"
    rows = [
        ("Photographs", f"{images['taught']} trained on, {images['held_out']} held out"),
        ("Skipped", skipped),
        ("Classes held out", ", ".join(report["held_out"]) or "none"),
        ("Teacher", f"{report['teacher']}, {100 * report['variance_kept']:.1f} % of its variance kept"),
        ("Steps", f"{report['steps']} of {recipe['batch']} photographs, {report['minutes']} minutes"),
        ("Speed", f"{report['images_per_second']} photographs a second, on {report['backend']}"),
        ("Seed", recipe["seed"]),
        ("Input", f"{recipe['side']} x {recipe['side']} pixels"),
        (
            "File",
            f"{file['name']}, {file['bytes'] / 1e6:.2f} MB, {file['parameters']:,} numbers, SHA-256 {file['sha256']}",
        ),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return (
        f"# Training of an encoder\n\n| What | |\n|---|---|\n{table}\n\n{_figures(report['figures'])}\n\n"
        f"![Course of the training]({CURVE})\n"
    )


def _figures(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return "No figures: too few photographs of classes were held out."
    reached = (
        f"On {figures['photographs']} photographs of {figures['labels']} classes that the encoder never saw: mAP "
        f"{figures['map']}, {figures['times_color']} times that of color ({figures['map_color']})"
    )
    return f"{reached}; its targets reach {figures['map_targets']}."

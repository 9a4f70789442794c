"""Write docs/measurements.md from the JSON that the benchmarks left in docs/measurements/.

    python benchmarks/report.py [--check]

The same files give the same page. A file that is missing is said to be missing, with the command that makes it.
With --check nothing is written, and the exit code is 1 where the page is not what the files say.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.report_claims import Files, claims  # noqa: E402 (found by the line before)
from benchmarks.report_sections import SECTIONS  # noqa: E402
from benchmarks.report_tables import machine_line, table  # noqa: E402

FOLDER = ROOT / "docs" / "measurements"
PAGE = ROOT / "docs" / "measurements.md"
INTRODUCTION = """# Measurements

Written by `make measurements` from the JSON files in [measurements/](measurements/): do not edit it by hand. Each
figure stands beside the command that made it, the data and the machine. mAP is the mean average precision, recall@1
the share of queries whose right answer comes first.

The *textbook* is the tutorial on image similarity that this program started from. Its claims are measured here.
"""


def page(files: Files) -> str:
    """Return the whole page."""
    lines = [INTRODUCTION, "## The textbook's claims", *table(["Claimed", "Measured", "So"], list(claims(files)))]
    for section in SECTIONS:
        lines += [f"## {section.title}", ""]
        document = files.get(section.file)
        if document is None:
            lines += [f"Not measured here. Run `{section.command}`.", ""]
            continue
        lines += [f"- Command: `{document['command']}`", f"- Data: {document.get('data', section.data)}"]
        lines += [f"- Machine: {machine_line(document)}", *section.render(document)]
    text = "\n".join(lines)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only tell whether the page is up to date")
    arguments = parser.parse_args()
    text = page({path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))})
    if not arguments.check:
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        sys.exit(f"{PAGE.name} is not what the files in {FOLDER.name}/ say; run `make measurements`.")


if __name__ == "__main__":
    main()

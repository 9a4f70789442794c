"""Write docs/measurements.md from the JSON that the benchmarks left in docs/measurements/.

    python benchmarks/report.py [--check]

The same files give the same page. A file that is missing is said to be missing, with the command that makes it.
With --check nothing is written, and the exit code is 1 where the page is not what the files say.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "measurements"
PAGE = ROOT / "docs" / "measurements.md"
TRADITIONAL = ("color", "ssim", "texture")
CLAIMS = ("claims-packaged", "claims-pretrained", "claims-built-in")
CLAIMED_CODES = 100_000_000
CALTECH = "900 photographs of 60 classes of Caltech-101, 15 each, longest side 224 pixels"

Document = dict[str, Any]
Files = dict[str, Document]
INTRODUCTION = """# Measurements

Written by `make measurements` from the JSON files in [measurements/](measurements/): do not edit it by hand. Each
figure stands beside the command that made it, the data and the machine. mAP is the mean average precision, recall@1
the share of queries whose right answer comes first.

The *textbook* is the tutorial on image similarity that this program started from. Its claims are measured here.
"""


def percent(ratio: float) -> str:
    """Return how much more than 1 a ratio is, as the textbook puts it."""
    return f"{(ratio - 1) * 100:+.0f} %"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Return a Markdown table, its first column left and the others right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return ["", *(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)), ""]


# The claims


def claims(files: Files) -> Iterator[list[str]]:
    """Yield what is claimed, what was measured, and what follows, where the files tell."""
    for key in CLAIMS:
        if key in files:
            yield from _quality_claims(files[key])
    if "reduction" in files:
        yield _reduction_claim(files["reduction"])
    if "ann-large" in files:
        yield _ann_claim(files["ann-large"], files.get("ann"))
    spent = [files[key]["ssim_ms"] for key in CLAIMS if key in files]
    if spent:  # the same code on the same photographs: what else a machine does only ever adds
        yield _ssim_claim({name: min(each[name] for each in spent) for name in spent[0]})
    if "hashes" in files:
        yield _hash_claim(files["hashes"])


def _quality_claims(document: Document) -> Iterator[list[str]]:
    labels, backbone = document["labels"], document["backbone"]
    maps = {name: figures["map"] for name, figures in labels["methods"].items()}
    best_old = max(maps[name] for name in TRADITIONAL)
    best = max(maps.values())
    yield [
        f"Deep features beat traditional ones by 37 % ({backbone})",
        f"{percent(maps['deep'] / best_old)}: mAP {maps['deep']:.3f} against {best_old:.3f}",
        f"{_verdict(maps['deep'] / best_old, 1.37)}, on class labels.",
    ]
    raw, same = (labels["reference"][name]["map"] for name in ("raw_sum", "guide_sum"))
    fused = labels["fused"]["default"]["map"]
    scales = "" if raw >= best else ": raw scores have different scales"
    yield [
        f"A weighted sum 0.3 / 0.2 / 0.5 beats the best single method by 22 % ({backbone}, labels)",
        f"{percent(raw / best)} as stated, on raw scores: mAP {raw:.3f} against {best:.3f}",
        f"{_verdict(raw / best, 1.22)} as stated{scales}. The same weights on rarities: {same:.3f}"
        f" ({percent(same / best)}); the default weights: {fused:.3f} ({percent(fused / best)}); weights learned from"
        f" other questions, on {_gains(document['learned'])}.",
    ]
    copies = document["copies"]
    single = max(figures["recall_at_1"] for figures in copies["methods"].values())
    mixed = copies["fused"]["default"]["recall_at_1"]
    yield [
        f"The same, on edited copies ({backbone})",
        f"{percent(mixed / single)} on rarities: recall@1 {mixed:.3f} against {single:.3f}"
        f" of the best single method{_without(copies)}",
        "Fusion helps where methods fail on different edits.",
    ]


def _verdict(ratio: float, claimed: float) -> str:
    """Return whether a claim of so many times as much holds."""
    if ratio < 1:
        return "Fails"
    if ratio < claimed:
        return "Holds in part"
    return "Holds" if ratio - 1 < 2 * (claimed - 1) else "Holds, and by far more than claimed"


def _gains(learned: Document) -> str:
    """Return what learned weights gain on the best single method, of every set that there is."""
    return ", ".join(
        f"{name.replace('_', ' ')} {percent(figures['rankings']['learned']['map'] / figures['rankings'][best]['map'])}"
        for found in learned.values()
        for name, figures in found["sets"].items()
        if (best := figures["best_single"])
    )


def _without(copies: Document) -> str:
    """Say which methods had no part in a measurement on copies, for the best of the others may not be the best."""
    return f" (without {', '.join(copies['left_out'])})" if copies.get("left_out") else ""


def _reduction_claim(document: Document) -> list[str]:
    measured = "; ".join(
        f"{run['method']} {run['dim']} to {run['reduced']}: {(1 - run['ratio']) * 100:.0f} % less time,"
        f" {run['variance'] * 100:.0f} % kept"
        for run in document["runs"]
    )
    return [
        "PCA makes retrieval 40 % faster and keeps 95 % of the information",
        measured,
        f"Holds for {_those(document)}. The reduced rows only gather candidates; the full rows decide, so the order"
        " stays.",
    ]


def _those(document: Document) -> str:
    """Return for how many of the methods both parts of the claim on PCA hold."""
    held = sum(run["ratio"] <= 0.6 and run["variance"] >= 0.9495 for run in document["runs"])
    return f"{held} of {len(document['runs'])} methods"


def _ann_claim(document: Document, ann: Document | None) -> list[str]:
    run = document["runs"][-1]
    recalls = run["recall_at_20"].values()
    return [
        "Annoy brings search among a million images from minutes to milliseconds",
        f"{run['rows']:,} rows, {len(recalls)} methods by Annoy and the others on the head: p50 {run['p50_ms']} ms,"
        f" p95 {run['p95_ms']} ms, recall@20 >= {min(recalls):.2f}",
        f"The milliseconds hold{_exact_beside(ann)}.",
    ]


def _exact_beside(document: Document | None) -> str:
    """Say what the claimed minutes are, from the comparison of the backends, where there is one."""
    found = {run["index"]: run for run in (document or {}).get("results", ()) if "p50_ms" in run}
    if not {"exact", "annoy"} <= found.keys():
        return ""
    exact, annoy = found["exact"], found["annoy"]
    return (
        f"; exact search takes no minutes either: one method's {exact['rows']:,} rows {exact['p50_ms']:.1f} ms,"
        f" by Annoy {annoy['p50_ms']:.1f} ms"
    )


def _ssim_claim(spent: Document) -> list[str]:
    return [
        "SSIM is too slow to compare a query with everything",
        f"{spent['guide_512']:.0f} ms a pair at 512 x 512, {spent['guide_224']:.0f} ms at 224 x 224 (scikit-image)",
        f"Search compares 64 x 64 pictures, many at once: {spent['search_64']:.3f} ms each, equal to scikit-image's"
        f" ({spent['scikit_image_64']:.2f} ms) within 10⁻⁶, and only for the head of the ranking.",
    ]


def _hash_claim(document: Document) -> list[str]:
    ours = [
        run for run in document["results"] if run["index"] == "four tables" and run["bits"] == 128 and "p95_ms" in run
    ]
    largest = max(ours, key=lambda run: (int(run["rows"]), float(run["first_round_p95_ms"])))
    holds = largest["rows"] >= CLAIMED_CODES and largest["found"] == largest["queries"]
    return [
        "Siamese network and hash codes search 100,000,000 images",
        f"{largest['rows']:,} codes of 128 bits: p50 {largest['first_round_p50_ms']} ms, p95"
        f" {largest['first_round_p95_ms']} ms in the first round of queries, p95 {largest['p95_ms']} ms as the best of"
        f" three, {largest['found']} of {largest['queries']} found",
        f"{'Holds' if holds else 'Not measured at that size'}, once the files are in memory: four mapped tables, exact"
        " for up to 7 differing bits.",
    ]


# The sections


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page that one file fills."""

    title: str
    file: str
    command: str  # that makes the file
    data: str
    render: Callable[[Document], list[str]]


def quality(document: Document) -> list[str]:
    """Show methods and fusions by labels and on copies, and learned weights."""
    labels, copies = document["labels"], document["copies"]
    rows = []
    for part, prefix in (("methods", ""), ("fused", "fused, "), ("reference", "reference, ")):
        for name, figures in labels[part].items():
            edited = copies.get(part, {}).get(name)
            recalls = [f"{edited['recall_at_1']:.3f}", f"{edited['map']:.3f}"] if edited else ["", ""]
            rows.append([prefix + name, f"{figures['map']:.4f}", f"{figures['p_at_1']:.3f}", *recalls])
    lines = table(["", "mAP by label", "P@1 by label", "recall@1 of copies", "mAP of copies"], rows)
    lines += [f"{labels['queries']} queries by label; {copies['queries']} edited copies as queries.", ""]
    if copies.get("left_out"):
        lines += [
            f"Not compared on copies, so not among the single methods there: {', '.join(copies['left_out'])}.",
            "",
        ]
    edits = {name: found for part in ("methods", "fused") for name, found in copies["edits"].get(part, {}).items()}
    names = list(next(iter(edits.values())))
    shown = [[edit, *(f"{edits[ranking][edit]['recall_at_1']:.2f}" for ranking in edits)] for edit in names]
    return [*lines, "Recall@1 by edit:", *table(["Edit", *edits], shown), *learned(document["learned"])]


def learned(document: Document) -> list[str]:
    """Show learned weights beside the best single method and the default weights, on questions held out."""
    rows = []
    for source, found in document.items():
        for name, figures in found["sets"].items():
            rankings = figures["rankings"]
            best, own, new = (rankings[each] for each in (figures["best_single"], "default", "learned"))
            rows.append(
                [
                    f"{source}: {name}",
                    *(f"{each['map']:.4f} / {each['p_at_1']:.3f}" for each in (best, own, new)),
                    f"{new['map'] / best['map']:.3f} x / {new['p_at_1'] / best['p_at_1']:.3f} x",
                ]
            )
    head = ["Learned from", "Best single method", "Default weights", "Learned weights", "Learned / best single"]
    return ["Learned weights, mAP / P@1 on questions that were held out:", *table(head, rows)]


def machine_line(document: Document) -> str:
    """Say what a file was measured on."""
    machine = document["machine"]
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']},"
        f" Python {machine['python']}, {machine['date']}"
    )


def runs_table(key: str, columns: dict[str, str]) -> Callable[[Document], list[str]]:
    """Return a renderer that shows some fields of each run."""

    def render(document: Document) -> list[str]:
        rows = [[_cell(run.get(field, "")) for field in columns.values()] for run in document[key]]
        return table(list(columns), rows)

    return render


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def methods(document: Document) -> list[str]:
    """Show the time of each method."""
    rows = [
        [name, f"{row['numbers']:,}", f"{row['describe_ms']:.2f}", f"{row['compare_us']:.2f}"]
        for name, row in document["methods"].items()
    ]
    return table(["Method", "Numbers a row", "ms to describe", "µs to compare"], rows)


def encoder(document: Document) -> list[str]:
    """Show quality and speed of the built-in encoder: whatever figures the file holds, by group."""
    lines: list[str] = []
    for group, figures in document.items():
        if isinstance(figures, dict) and group != "machine":
            rows = [[name, _cell(value)] for name, value in figures.items()]
            lines += table([group.replace("_", " "), ""], rows)
    return lines


HASHES = {
    "Index": "index",
    "Codes": "codes",
    "Bits": "bits",
    "Rows": "rows",
    "Build s": "build_seconds",
    "Build MiB": "build_peak_mib",
    "p50 ms": "p50_ms",
    "p95 ms": "p95_ms",
    "First round p95 ms": "first_round_p95_ms",
    "Found": "found",
    "Of": "queries",
    "Left out": "skipped",
}
ANN = {
    "Index": "index",
    "Rows": "rows",
    "Build s": "build_seconds",
    "Build MiB": "build_peak_mib",
    "File bytes": "bytes",
    "recall@20": "recall_at_20",
    "p50 ms": "p50_ms",
    "p95 ms": "p95_ms",
}
NETWORKS = {
    "Network": "network",
    "Numbers": "numbers",
    "mAP by label": "map",
    "... of 256 directions": "reduced_map",
    "ms an image": "ms",
    "p95 ms": "p95_ms",
    "File bytes": "file_bytes",
}
REDUCTION = {
    "Method": "method",
    "Rows": "rows",
    "Numbers": "dim",
    "Reduced to": "reduced",
    "Variance kept": "variance",
    "recall@20": "recall",
    "Full scan ms": "full_ms",
    "Reduced scan ms": "reduced_ms",
    "Ratio": "ratio",
}
SEARCH = {
    "Rows": "rows",
    "Route": "route",
    "p50 ms": "p50_ms",
    "p95 ms": "p95_ms",
    "recall@20": "recall_at_20",
    "Own MiB": "own_mib",
    "Files MiB": "files_mib",
    "Build s": "build_s",
}
CLAIMS_COMMAND = "python benchmarks/claims.py --images FOLDER --out docs/measurements/"
SYNTHETIC = "synthetic rows in clusters, with the dimensions of the real methods"
SECTIONS = [
    Section(
        "Methods and fusion, network from a package",
        "claims-packaged",
        f"{CLAIMS_COMMAND}claims-packaged.json",
        CALTECH,
        quality,
    ),
    Section(
        "Methods and fusion, built-in encoder",
        "claims-built-in",
        f"{CLAIMS_COMMAND}claims-built-in.json --backbone compact",
        CALTECH + "; 45 of the classes were seen in training",
        quality,
    ),
    Section(
        "Methods and fusion, pretrained backbone",
        "claims-pretrained",
        f"{CLAIMS_COMMAND}claims-pretrained.json --deep-weights FILE",
        CALTECH,
        quality,
    ),
    Section(
        "Networks of the content method",
        "networks",
        "python benchmarks/networks.py --images FOLDER --out docs/measurements/networks.json",
        CALTECH,
        runs_table("runs", NETWORKS),
    ),
    Section(
        "The built-in encoder",
        "encoder",
        "python benchmarks/encoder.py --out docs/measurements/encoder.json",
        CALTECH,
        encoder,
    ),
    Section(
        "Time of each method",
        "methods",
        "python benchmarks/methods.py --out docs/measurements/methods.json",
        "64 photographs, longest side 224 pixels",
        methods,
    ),
    Section(
        "PCA",
        "reduction",
        "python benchmarks/reduction.py --out docs/measurements/reduction.json",
        "real features",
        runs_table("runs", REDUCTION),
    ),
    Section(
        "One fused query",
        "search",
        "python benchmarks/search.py --out docs/measurements/search.json",
        SYNTHETIC,
        runs_table("runs", SEARCH),
    ),
    Section(
        "One fused query among a million",
        "ann-large",
        "python benchmarks/search.py --rows 1000000 --out docs/measurements/ann-large.json",
        SYNTHETIC,
        runs_table("runs", SEARCH),
    ),
    Section(
        "ANN indexes",
        "ann",
        "python benchmarks/ann.py --out docs/measurements/ann.json",
        "real features",
        runs_table("results", ANN),
    ),
    Section(
        "Hash codes",
        "hashes",
        "python benchmarks/hashes.py --rows 1e6 1e7 1e8 --out " + "docs/measurements/hashes.json",
        "codes made by chance; queries are codes of the index with 0 to 7 bits changed",
        runs_table("results", HASHES),
    ),
]


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

"""The figures of one file as tables in Markdown: parts of the page that `report.py` writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Document = dict[str, Any]
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
CALIBRATION = {
    "Method": "method",
    "Case": "case",
    "1 in 10": "1e-1",
    "1 in 100": "1e-2",
    "1 in 1,000": "1e-3",
    "1 in 10,000": "1e-4",
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


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Return a Markdown table, its first column left and the others right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return ["", *(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)), ""]


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


def known_set(document: Document) -> list[str]:
    """Show our rankings of a well-known set in the measures of its papers, and what was published."""
    lines = runs_table("runs", {"Ranking": "ranking", **{each: each for each in document["measures"]}})(document)
    lines += [
        f"- {each['system']}: {each['measure']} {each['value']:.3f} ({each['source']})"
        for each in document["published"]
    ]
    return (
        lines
        if document["published"]
        else [*lines, "No published figure in these measures was looked up for this set."]
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
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


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

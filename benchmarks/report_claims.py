"""What the textbook claims, what was measured, and what follows: rows of the page that `report.py` writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

TRADITIONAL = ("color", "ssim", "texture")
CLAIMS = ("claims-packaged", "claims-pretrained", "claims-built-in")
CLAIMED_CODES = 100_000_000

Document = dict[str, Any]
Files = dict[str, Document]


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


def percent(ratio: float) -> str:
    """Return how much more than 1 a ratio is, as the textbook puts it."""
    return f"{(ratio - 1) * 100:+.0f} %"


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

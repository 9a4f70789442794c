"""Recorded searches as evidence: the hits of one, with everything that they rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from more_itertools import chunked

from jobs.errors import from_json
from review.evidence.numbers import ShownMethod, flat, method_columns
from review.evidence.replay import Hit, Shown
from review.evidence.thumbnails import data_address
from search.public.features import METHODS
from search.public.presentation import standard_sentence

HITS_AT_ONCE = 100
CLOSED_OR_GONE = gettext_lazy("a collection that is closed to you, or gone")


@dataclass(frozen=True, slots=True)
class HitLine:
    """A hit as the report shows it."""

    hit: Hit
    methods: list[ShownMethod]
    picture: str


def columns() -> list[str]:
    """Return the columns of the CSV file."""
    about = ["record", "recorded_at", "recorded_by", "query_sha256", "query_name", "query_words", "generation"]
    return [*about, "rank", "sha256", "name", "score", *method_columns()]


def rows(shown: Shown) -> list[dict[str, Any]]:
    """Return the lines of the CSV file, each complete in itself."""
    record, asked = shown.record, shown.record.document
    about = {
        "record": str(record.pk),
        "recorded_at": record.recorded_at.isoformat(),
        "recorded_by": record.author_name,
        "query_sha256": asked["query"]["sha256"],
        "query_name": asked["query"]["name"],
        "query_words": asked.get("words", ""),
        "generation": asked["generation"],
    }
    return [
        about
        | {"rank": hit.rank, "sha256": hit.sha256, "name": hit.name, "score": hit.score}
        | flat(hit.methods, asked["versions"])
        for hit in shown.hits
    ]


def document(shown: Shown, about: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """Return what stands above the hits in the JSON file, and the hits."""
    found = shown.document
    results = found.pop("results")
    # Files are for programs and people elsewhere, who have no sentences for our codes.
    found["missing"] = {name: str(from_json(why)) for name, why in found["missing"].items()}
    found["degraded"] = str(from_json(found["degraded"]) or "")
    if "reason" in found["query"]:
        found["query"]["reason"] = str(from_json(found["query"]["reason"]) or "")
    record = shown.record
    head = {
        "record": str(record.pk),
        "title": record.title,
        "search": shown.address,
        "recorded_at": record.recorded_at.isoformat(),
        "recorded_by": record.author_name,
        "exported": dict(about),
    }
    return head | found, results


def report(shown: Shown, about: Mapping[str, Any]) -> tuple[dict[str, Any], Iterator[Sequence[HitLine]]]:
    """Return what stands above a report, and its lines by batches."""
    taken = [(_("Taken by"), about["taken_by"]), (_("Taken at"), about["taken_at"]), (_("From"), about["address"])]
    query = shown.query_image
    pictures = {"picture": data_address(query.sha256) if query else ""}
    return {"title": shown.record.title, "facts": [*facts(shown), *taken], **pictures}, _lines(shown)


def _lines(shown: Shown) -> Iterator[Sequence[HitLine]]:
    for part in chunked(shown.hits, HITS_AT_ONCE):
        yield [HitLine(hit, shown.method_rows(hit), data_address(hit.sha256) if hit.image else "") for hit in part]


def words(num_rows: int) -> str:
    """Return the last line of a report."""
    return ngettext("%(n)d hit.", "%(n)d hits.", num_rows) % {"n": num_rows}


def facts(shown: Shown) -> list[tuple[str, str]]:
    """Return what a recorded search rests on, as lines that people read."""
    record, asked = shown.record, shown.record.document
    limits = asked["thresholds"]
    compared = [(_("Images compared"), f"{asked['num_candidates']} / {asked['num_images']}")] if shown.whole else []
    found = [
        *_searched_for(asked),
        (_("Recorded by"), record.author_name),
        (_("Recorded at"), record.recorded_at.isoformat(timespec="seconds")),
        (_("Weights"), _listed({_label(name): weight for name, weight in asked["weights"].items() if weight})),
        (_("Scores"), _("%(least)g to %(most)g") % {"least": limits.get("min", 0), "most": limits.get("max", 100)}),
        (_("Searched in"), _searched_in(shown)),
        (_("Index generation"), str(asked["generation"] or _("none"))),
        (_("Search"), _("exact") if asked["exact"] else _("by the nearest of an index")),
        *compared,
        *_judged_by(shown),
        (_("Method versions"), _listed({_label(name): said for name, said in asked["versions"].items()})),
        (_("Software"), _listed({name: said for name, said in asked["software"].items() if said})),
    ]
    if asked["missing"]:
        reasons = {_label(name): from_json(why) for name, why in asked["missing"].items()}
        found.append((_("Not counted"), _listed(reasons)))
    if asked["degraded"]:
        found.append((_("Limits of the index"), str(from_json(asked["degraded"]))))
    return found


def _searched_for(asked: Mapping[str, Any]) -> list[tuple[str, str]]:
    query, said = asked["query"], asked.get("words", "")
    image = [(_("Searched for"), query["name"]), (_("SHA-256 of it"), query["sha256"])] if query["sha256"] else []
    return [*image, (_("Words searched for"), said)] if said else image


def _judged_by(shown: Shown) -> list[tuple[str, str]]:
    """Return what the rarities were among; how many similar images there were is only for who sees the record whole."""
    asked = shown.record.document
    if "background" not in asked:  # a record says what it kept, and guesses nothing
        return []
    similar = asked.get("similar_images", 0) if shown.whole else 0
    return [(_("Judged by"), standard_sentence(asked["background"], similar, asked.get("borrowed") or 0.0))]


def _searched_in(shown: Shown) -> str:
    collection = shown.record.document["collection"]
    if collection is None:
        return _("all images")
    return str(collection["name"]) if shown.tells_collection else str(CLOSED_OR_GONE)


def _label(name: str) -> str:
    return _(METHODS[name].label) if name in METHODS else name


def _listed(named: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in named.items()) or _("none")

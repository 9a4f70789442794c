"""Who may import whom. The rules are the house plan of docs/architecture.md; a new module falls under them at once."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"tensorflow", "keras"}
PURE = (
    "search.methods",
    "search.index",
    "search.scoring",
    "search.evaluation.metrics",
    "search.evaluation.thresholds",
    "search.evaluation.augmentations",
    "search.generations.recall",
    "search.generations.pca",
    "search.weights.learning",
    "search.map.projection",
    "search.map.tsne",
    "search.training",
)
IMPURE = ("search.training.library",)
FOLDERS = ("search", "jobs", "search.evaluation")  # empty themselves: what is taken from them stands beside
PURE_MAY_USE = (*PURE, "search.types", "search.exceptions", "jobs.files")
MEETING_POINTS = (
    "search.features",
    "search.features.extraction",
    "search.generations.build",
    "search.generations.delta",
    "search.query.pipeline",
    "search.evaluation",
)
EDGES = ("search.views", "search.forms", "search.admin", "search.urls")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield module_name(path), ast.parse(path.read_text(), str(path))


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield every dotted name imported, `from a import b` as both `a` and `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def under(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def offenders(found: Iterator[tuple[str, ast.Module]], forbidden: tuple[str, ...]) -> list[str]:
    return [f"{name} imports {used}" for name, tree in found for used in imports(tree) if under(used, forbidden)]


def test_gallery_knows_nothing_of_similarity() -> None:
    assert offenders(modules("gallery"), ("search", "review", "config.urls")) == []


def test_background_work_knows_nothing_of_images() -> None:
    found = list(modules("jobs"))
    assert len(found) > 8
    assert offenders(iter(found), ("gallery", "search", "review", "config", "numpy", "PIL")) == []


def test_search_does_not_reach_up() -> None:
    assert offenders(modules("search"), ("review",)) == []


def test_pure_modules_know_neither_django_nor_the_database() -> None:
    found = [(name, tree) for name, tree in modules("search") if under(name, PURE) and not under(name, IMPURE)]
    assert len(found) > 8
    assert offenders(iter(found), ("django", "gallery", "config", "rq", "django_rq", "redis")) == []
    wrong = [
        f"{name} imports {used}"
        for name, tree in found
        for used in imports(tree)
        if under(used, ("search", "jobs")) and used not in FOLDERS and not under(used, PURE_MAY_USE)
    ]
    assert wrong == []


def test_files_and_locks_know_no_django() -> None:
    found = [(name, tree) for name, tree in modules("jobs") if name in ("jobs.files", "jobs.locks")]
    assert len(found) == 2
    assert offenders(iter(found), ("django", "rq", "django_rq", "redis", "config", "gallery", "search", "review")) == []


def test_inspection_is_pure() -> None:
    found = [(name, tree) for name, tree in modules("review/inspection")]
    assert len(found) > 3
    assert offenders(iter(found), ("django", "gallery", "config", "rq", "django_rq", "redis", "review.models")) == []
    allowed = ("review.inspection", "search.methods", "search.types")
    wrong = [
        f"{name} imports {used}"
        for name, tree in found
        for used in imports(tree)
        if under(used, ("search", "review")) and not under(used, allowed)
    ]
    assert wrong == []


def test_what_verdicts_imply_is_pure() -> None:
    found = [
        (name, tree)
        for name, tree in modules("review")
        if name in ("review.verdicts.transitivity", "review.evidence.csv_safety")
    ]
    assert len(found) == 2
    assert offenders(iter(found), ("django", "gallery", "search", "review", "config")) == []


def test_methods_do_not_import_each_other() -> None:
    for name, tree in modules("search/methods"):
        siblings = tuple(
            f"search.methods.{path.stem}"
            for path in (ROOT / "search/methods").glob("*.py")
            if path.stem not in ("__init__", "base", "weights", "model_files", name.rpartition(".")[2])
        )
        assert [used for used in imports(tree) if under(used, siblings)] == [], name


def test_what_groups_duplicates_is_pure() -> None:
    """Blocks, evidence and groups of duplicates know arrays only: no rows, no settings, no pages."""
    names = tuple(f"review.duplicates.find.{name}" for name in ("pairs", "candidates", "evidence", "grouping"))
    found = [(name, tree) for name, tree in modules("review/duplicates") if under(name, names)]
    assert len(found) == len(names)
    assert offenders(iter(found), ("django", "gallery", "config", "rq", "django_rq", "redis", "review.models")) == []
    allowed = (*names, "search.scoring")
    wrong = [
        f"{name} imports {used}"
        for name, tree in found
        for used in imports(tree)
        if used.count(".") > 1 and under(used, ("search", "review")) and not under(used, allowed)
    ]
    assert wrong == []


def test_meeting_points_know_no_pages_and_no_jobs() -> None:
    found = [(name, tree) for name, tree in modules("search") if under(name, MEETING_POINTS)]
    assert len(found) >= 5
    assert offenders(iter(found), (*EDGES, "search.background.tasks", "search.background.receivers")) == []


def test_pages_do_not_compute() -> None:
    edges = (*EDGES, "gallery.views", "review.views", "review.admin", "review.urls")
    found = [(name, tree) for name, tree in modules("search", "gallery", "review") if under(name, edges)]
    assert len(found) > 5
    forbidden = ("tensorflow", "keras", "skimage", "cv2", "annoy", "search.index", "search.scoring.calibration")
    assert offenders(iter(found), forbidden) == []


def test_jobs_do_not_reach_methods_or_index() -> None:
    found = [
        (name, tree)
        for name, tree in modules("search")
        if under(name, ("search.background.tasks", "search.background.receivers"))
    ]
    assert len(found) == 2
    assert offenders(iter(found), ("search.index", "cv2", "keras", "tensorflow", "skimage")) == []


def test_only_the_decoder_child_opens_uploaded_bytes() -> None:
    """Neither OpenCV's nor TensorFlow's decoders, nor scikit-image's reader, stand anywhere in our code."""
    forbidden = {"imread", "imdecode", "decode_image", "decode_jpeg", "decode_png", "load_img"}
    wrong = [
        f"{name} calls {node.attr}"
        for name, tree in modules("config", "gallery", "search", "review")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in forbidden
    ]
    assert wrong == []


def test_only_the_storage_modules_know_where_files_lie() -> None:
    """Another kind of store then needs no hunt: whoever wants a file asks for it, or for its place, there."""
    settings = ast.parse((ROOT / "config/settings.py").read_text())
    names = {node.id for node in ast.walk(settings) if isinstance(node, ast.Name) and node.id.endswith("_DIR")}
    places = (names - {"BASE_DIR"}) | {"AUDIT_HEADS_FILE"}
    assert {"DATA_DIR", "ORIGINALS_DIR", "GENERATIONS_DIR", "QUEUES_DIR"} <= places
    allowed = ("gallery.storage.folder", "search.storage", "review.storage")
    wrong = [
        f"{name} reads {place}"
        for name, tree in modules("gallery", "jobs", "review", "search")
        if name not in allowed
        for node in ast.walk(tree)
        if (place := named_by(node)) in places
    ]
    assert wrong == []


def named_by(node: ast.AST) -> object:
    """Return the setting that a piece of code may read: `settings.NAME`, or "NAME" given to `getattr`."""
    return node.attr if isinstance(node, ast.Attribute) else node.value if isinstance(node, ast.Constant) else None


def test_only_the_gallery_knows_that_blobs_are_files_in_folders() -> None:
    """The parts of `gallery.storage` ask `BLOBS`, and everybody else asks these parts."""
    found = [(name, tree) for name, tree in modules("gallery", "jobs", "review", "search")]
    others = [(name, tree) for name, tree in found if not under(name, ("gallery.storage",))]
    assert len(others) < len(found)
    assert offenders(iter(others), ("gallery.storage.folder", "gallery.storage.BLOBS")) == []


def test_scores_are_held_against_a_threshold_in_one_place() -> None:
    """A score that is rounded to be compared, 0.57 to 57, is rounded by `search.query.request.percent`."""
    places = {
        name
        for name, tree in modules("search", "review")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "round"
        and ast.unparse(node.args[-1]) == "6"
        and "100 *" in ast.unparse(node.args[0])
    }
    assert places == {"search.query.request"}


def test_pages_and_records_search_by_the_same_request() -> None:
    """Nobody runs the pipeline past the rules of `search.query.answer`."""
    found = [(name, tree) for name, tree in modules("search", "review") if name != "search.query.answer"]
    assert offenders(iter(found), ("search.query.pipeline.run_query",)) == []


def test_no_module_is_named_after_nothing() -> None:
    vague = {"utils", "helpers", "services", "misc", "common"}
    assert [
        name for name, _ in modules("config", "gallery", "search", "review") if name.rpartition(".")[2] in vague
    ] == []


@pytest.mark.parametrize("module", ["config.urls", "search.query.pipeline"])
def test_web_process_stays_light(module: str) -> None:
    program = f"import django, sys; django.setup(); import {module}; print(*sorted(sys.modules))"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True, env=environment
    )
    loaded = set(done.stdout.split())
    assert "search.apps" in loaded
    assert loaded & (HEAVY | {"skimage", "scipy"}) == set()

"""Who may import whom. The rules are the house plan of docs/architecture.md; a new module falls under them at once."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"tensorflow", "keras"}
APPS = ("config", "review", "search", "gallery", "jobs")
"""From above to below: each may import those after it."""
MOST_MODULES, MOST_LINES = 20, 400
SETTINGS_ARE_MADE_OF = ("config.environment", "config.openness")
"""What every app may read of the machine and its environment."""
PURE = (
    "search.methods",
    "search.index",
    "search.scoring",
    "search.evaluation.metrics",
    "search.evaluation.thresholds",
    "search.evaluation.augmentations",
    "search.evaluation.remixes",
    "search.generations.recall",
    "search.generations.pca",
    "search.weights.learning",
    "search.map.projection",
    "search.map.tsne",
    "search.training",
    "search.public.scoring",
    "search.public.pictures",
)
IMPURE = ("search.training.library",)
FOLDERS = ("search", "jobs", "search.evaluation")  # empty themselves: what is taken from them stands beside
PURE_MAY_USE = (*PURE, "search.types", "search.exceptions", "jobs.files", "jobs.locks")
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


def sources(package: str) -> list[Path]:
    return [path for path in sorted((ROOT / package).rglob("*.py")) if "migrations" not in path.parts]


def modules(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    for package in packages:
        for path in sources(package):
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


@pytest.mark.parametrize("app", APPS)
def test_apps_import_in_one_direction(app: str) -> None:
    above = APPS[: APPS.index(app)]
    wrong = [
        f"{name} imports {used}"
        for name, tree in modules(app)
        for used in imports(tree)
        if under(used, above) and not under(used, SETTINGS_ARE_MADE_OF) and used != "config"
    ]
    assert wrong == []


def test_what_settings_are_made_of_knows_no_app() -> None:
    found = [(name, tree) for name, tree in modules("config") if under(name, SETTINGS_ARE_MADE_OF)]
    assert len(found) == len(SETTINGS_ARE_MADE_OF)
    assert offenders(iter(found), APPS[1:]) == []


def test_search_has_one_door() -> None:
    """What other apps use of search is said in `search.public`, beside its models and its named errors."""
    allowed = ("search.public", "search.models", "search.exceptions")
    wrong = [
        f"{name} imports {used}"
        for name, tree in modules("config", "review")
        for used in imports(tree)
        if under(used, ("search",)) and used != "search" and not under(used, allowed)
    ]
    assert wrong == []


def test_search_does_not_use_its_own_door() -> None:
    inside = [(name, tree) for name, tree in modules("search") if not under(name, ("search.public",))]
    assert offenders(iter(inside), ("search.public",)) == []


def test_the_door_says_what_it_offers() -> None:
    """Each subject only passes on, and names all that it passes on."""
    for name, tree in modules("search/public"):
        offered = {
            alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        named = [ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign)]
        assert set(*named) == offered, name
        assert all(isinstance(node, ast.Expr | ast.ImportFrom | ast.Assign) for node in tree.body), name


@pytest.mark.parametrize("app", APPS)
def test_no_app_imports_pages_or_admin_of_another(app: str) -> None:
    others = tuple(f"{other}.{part}" for other in APPS if other != app for part in ("views", "admin"))
    assert offenders(modules(app), others) == []


def test_no_folder_is_crowded() -> None:
    counts = Counter(path.parent for app in APPS for path in sources(app) if path.stem != "__init__")
    assert {str(folder.relative_to(ROOT)): num for folder, num in counts.items() if num > MOST_MODULES} == {}


def test_no_module_is_long() -> None:
    lengths = {path: len(path.read_text().splitlines()) for app in APPS for path in sources(app)}
    assert {module_name(path): length for path, length in lengths.items() if length > MOST_LINES} == {}


@pytest.mark.parametrize("app", APPS)
def test_no_two_classes_of_an_app_share_a_name(app: str) -> None:
    """Nested ones, such as `Meta` and `State`, belong to the class around them; `Command` is Django's word."""
    names = Counter(
        node.name
        for _name, tree in modules(app)
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and node.name != "Command"
    )
    assert [name for name, num in names.items() if num > 1] == []


def test_what_searches_knows_no_pages_and_no_background_work() -> None:
    rooms = [f"search/{room}" for room in ("query", "features", "generations", "evaluation")]
    found = [(name, tree) for name, tree in modules(*rooms)]
    assert len(found) > 40
    assert offenders(iter(found), (*EDGES, "search.background")) == []


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
    allowed = ("review.inspection", "search.public.pictures")
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
    allowed = (*names, "search.public.scoring")
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


SWALLOWING = {
    "jobs.guard": "the edge of all background work: what a library raises becomes a code on the row",
    "gallery.decoding.child.__main__": "the edge of the decoder child: hostile bytes make decoders raise anything",
    "gallery.decoding.child.geometry": "damaged metadata must not cost the picture",
}
"""The modules that may go on after whatever was raised, each with its reason; others name what they catch."""


def swallows(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler takes whatever is raised and does not raise it on."""
    caught = ast.unparse(handler.type) if handler.type else "BaseException"
    return caught in ("Exception", "BaseException") and not any(isinstance(node, ast.Raise) for node in handler.body)


def test_few_modules_swallow_whatever_is_raised() -> None:
    found = Counter(
        name
        for name, tree in modules("config", "jobs", "gallery", "search", "review")
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and swallows(node)
    )
    assert found == dict.fromkeys(SWALLOWING, 1)


@pytest.mark.parametrize("name", ["_Report", "give_up_lost", "waiting_late"])
def test_background_work_has_one_protocol(name: str) -> None:
    """What each kind once had of its own is in `jobs.job`."""
    defined = [
        f"{module}.{node.name}"
        for module, tree in modules("gallery", "search", "review")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name
    ]
    assert defined == []


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

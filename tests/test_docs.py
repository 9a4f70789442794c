"""The documentation against the code: what it lists is all there is, and what it names exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.core.management import BaseCommand, load_command_class
from django.urls import Resolver404, resolve

from config.environment import Environment
from gallery.reasons import REASONS
from search.methods import METHODS, load_method

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
OURS = ("config", "gallery", "search", "review")
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]*)?\)")
SUFFIXES = (".py", ".md", ".html", ".css", ".js", ".svg", ".toml", ".txt")


def read(name: str) -> str:
    return (DOCS / name).read_text()


def sections(text: str, level: int = 2) -> dict[str, str]:
    """Return the text under each heading of that level, by its title without backticks."""
    parts = re.split(rf"^{'#' * level} (.+)$", text, flags=re.MULTILINE)
    return {title.strip().strip("`"): body for title, body in zip(parts[1::2], parts[2::2], strict=True)}


def rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of every table row whose first cell is code."""
    for line in text.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def commands() -> dict[str, BaseCommand]:
    return {
        path.stem: load_command_class(app, path.stem)
        for app in OURS
        for path in sorted((ROOT / app / "management" / "commands").glob("[!_]*.py"))
    }


def options(command: BaseCommand, name: str) -> set[str]:
    """Return the long options and positional names that a command adds to Django's own."""
    own = {flag for action in BaseCommand().create_parser("manage.py", name)._actions for flag in action.option_strings}
    found = set()
    for action in command.create_parser("manage.py", name)._actions:
        if not set(action.option_strings) & own:
            found.add(next((flag for flag in action.option_strings if flag.startswith("--")), action.dest))
    return found


# Configuration

VARIABLES = {cells[0].strip("`"): cells[1:] for cells in rows(sections(read("configuration.md"))["Settings"])}


def test_configuration_lists_every_setting_in_order() -> None:
    assert list(VARIABLES) == [name.upper() for name in Environment.model_fields]


@pytest.mark.parametrize("field", Environment.model_fields)
def test_configuration_tells_default_and_meaning(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(ROOT)
    default, unit, meaning = VARIABLES[field.upper()]
    expected = getattr(Environment(_env_file=None), field)
    if default == "empty":
        assert expected in ("", None)
    else:
        monkeypatch.setenv(field.upper(), default.split("`")[1])
        assert getattr(Environment(_env_file=None), field) == expected
    assert unit
    assert meaning.startswith(Environment.model_fields[field].description or "?")


def test_configuration_names_every_other_variable_that_is_read() -> None:
    """`os.environ["X"]`, `os.environ.get("X")`, `os.getenv("X")` in our code, and what the Makefile exports."""
    read_names = set(re.findall(r"^export (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split())
    for app in OURS:
        for path in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                read_names |= set(environment_names(node))
    documented = set(VARIABLES) | {cells[0].strip("`") for cells in rows(read("configuration.md"))}
    assert read_names - documented == set()


def environment_names(node: ast.AST) -> Iterator[str]:
    """Yield the variable that an expression reads from the process's environment."""
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ" and isinstance(node.ctx, ast.Load):
        key: ast.AST = node.slice
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("os.environ.get", "os.getenv"):
        key = node.args[0]
    else:
        return
    if isinstance(key, ast.Constant):
        yield str(key.value)


# Commands

COMMANDS = sections(read("commands.md"))


def test_commands_lists_every_command() -> None:
    assert set(COMMANDS) - {"All commands"} == set(commands())


@pytest.mark.parametrize("name", sorted(commands()))
def test_commands_lists_every_option_and_exit_code(name: str) -> None:
    text = COMMANDS[name]
    listed = {cells[0].strip("`").split()[0] for cells in rows(text)}
    codes = {cell for cell in listed if cell.isdigit()}
    assert listed - codes == options(commands()[name], name)
    assert "0" in codes


# Methods, reasons, addresses


def test_methods_describes_every_method() -> None:
    text = sections(read("methods.md"))["The methods"]
    described = sections(text, 3)
    assert list(described) == [f"{entry.label} (`{name}`)" for name, entry in METHODS.items()]
    for name, entry in METHODS.items():
        body = described[f"{entry.label} (`{name}`)"]
        assert f"default weight {entry.default_weight:g}" in body
        assert entry.path.rpartition(".")[0].replace(".", "/") + ".py" in body


@pytest.mark.parametrize("name", ["color", "ssim", "texture"])
def test_methods_tells_what_is_stored(name: str) -> None:
    """Not of the content method: its numbers depend on the network."""
    method = load_method(name)
    body = sections(sections(read("methods.md"))["The methods"], 3)[f"{METHODS[name].label} (`{name}`)"]
    assert f"{method.dim} numbers, {np.dtype(method.dtype).name}" in " ".join(body.split())


def test_security_lists_every_reason_with_its_sentence() -> None:
    listed = {cells[0].strip("`"): cells[1] for cells in rows(sections(read("security.md"))["Reasons of refusal"])}
    assert listed == {code: str(sentence) for code, sentence in REASONS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_addresses_resolve(page: Path) -> None:
    """Every address of ours that stands in backticks, without placeholders, is one that the site answers to."""
    addresses = [code for code in CODE.findall(page.read_text()) if re.fullmatch(r"/[a-z][a-z_/]*/?", code)]
    wrong = []
    for address in addresses:
        try:
            resolve(address)
        except Resolver404:
            wrong.append(address)
    assert wrong == []


def test_development_lists_every_benchmark() -> None:
    listed = {cells[0].strip("`") for cells in rows(sections(read("development.md"))["Benchmarks"])}
    assert listed == {f"benchmarks/{path.name}" for path in (ROOT / "benchmarks").glob("*.py")}


# Links and file names


@pytest.mark.parametrize("page", [*PAGES, *ROOT.glob("README.md")], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    wrong = []
    for target, anchor in LINK.findall(page.read_text()):
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and path.suffix == ".md" and anchor[1:] not in anchors(path)):
            wrong.append(target + anchor)
    assert wrong == []


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_named_exist(page: Path) -> None:
    """Every path of a source file in backticks (`search/scoring/fusion.py`) is a file of the repository."""
    named = [code for code in CODE.findall(page.read_text()) if re.fullmatch(r"[\w./-]+/[\w.-]+", code)]
    wrong = [name for name in named if name.endswith(SUFFIXES) and not (ROOT / name).exists()]
    assert wrong == []


def test_every_page_can_be_found() -> None:
    """The list of pages in docs/architecture.md or the README leads to each page."""
    found = {
        Path(target).name for page in [*PAGES, *ROOT.glob("README.md")] for target, _ in LINK.findall(page.read_text())
    }
    assert {page.name for page in PAGES} - found == set()

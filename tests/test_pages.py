"""What holds for the templates and static files of every page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import get_template
from django.test import Client
from django.urls import reverse

from gallery.models import Image
from gallery.ratios import MOST_STEPS, ratio_rules, ratio_step

TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
STATIC = Path(settings.BASE_DIR) / "static"
DOWNLOADED = {"report.html"}
texts = pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))


@texts
def test_templates_compile(path: Path) -> None:
    get_template(str(path.relative_to(settings.BASE_DIR / "templates")))


@texts
def test_nothing_is_inline(path: Path) -> None:
    """The content security policy lets no inline script, handler or style work. A downloaded file carries its style."""
    text = path.read_text()
    carried = r"\sstyle=" if path.name in DOWNLOADED else r"<style|\sstyle="
    assert not re.search(carried + r"|\son[a-z]+=|javascript:", text)
    assert all(" src=" in tag or 'type="application/json"' in tag for tag in re.findall(r"<script[^>]*>", text))


@texts
def test_icons_exist(path: Path) -> None:
    known = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text()))
    assert set(re.findall(r'{% icon "([^"]+)" %}', path.read_text())) <= known


@texts
def test_static_files_exist(path: Path) -> None:
    for name in re.findall(r"{% static '([^']+)' %}", path.read_text()):
        assert finders.find(name), name


@pytest.mark.parametrize("path", sorted((STATIC / "js").glob("*.js")), ids=lambda path: path.name)
def test_modules_import_what_exists(path: Path) -> None:
    for name in re.findall(r'from "\./([^"]+)"|import "\./([^"]+)"', path.read_text()):
        assert (STATIC / "js" / "".join(name)).exists(), name


def test_pages_carry_the_policy(client: Client, db: None) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_a_wrong_address_is_answered_with_a_way_on(client: Client, db: None) -> None:
    response = client.get("/missing/")
    assert response.status_code == 404
    assert f'href="{reverse("gallery:index")}"' in response.content.decode()


def test_the_page_of_failures_needs_nothing() -> None:
    assert "Something failed" in get_template("500.html").render()


@pytest.mark.parametrize(
    ("size", "step"),
    [
        ((100, 100), 0),
        ((0, 0), 0),
        ((200, 100), 35),
        ((100, 200), -35),
        ((9000, 100), MOST_STEPS),
        ((1, 99), -MOST_STEPS),
    ],
)
def test_ratio_steps(size: tuple[int, int], step: int) -> None:
    assert ratio_step(Image(width=size[0], height=size[1])) == step


def test_every_ratio_step_has_its_rule() -> None:
    assert (STATIC / "css" / "ratios.css").read_text() == ratio_rules()

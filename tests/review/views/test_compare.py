"""The compare page and its parts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from gallery.models import Attribute, Collection, Image, Membership, Tag
from gallery.people.roles import Role
from jobs.errors import sentence
from jobs.rows import JobState
from review.comparing import jobs
from review.models import Comparison
from search.background.health import QueueHealth, Queues
from search.generations import snapshot
from search.methods import METHODS
from tests.codes import notes
from tests.gallery.blob_files import map_path
from tests.gallery.rows import make_image
from tests.review.comparing.conftest import pair  # noqa: F401 (a fixture)
from tests.search.conftest import few_methods, without_network  # noqa: F401 (fixtures)
from tests.search.library import add_library

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_methods")]
NUM_QUERIES = 13
Pair = tuple[Image, Image]


@pytest.fixture(autouse=True)
def _own_folder(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.COMPARISONS_DIR = tmp_path / "comparisons"
    monkeypatch.setattr("jobs.transport.send", lambda *_job, job_id="": True)
    set_queues(monkeypatch, num_workers=1)
    snapshot.forget()


def set_queues(monkeypatch: pytest.MonkeyPatch, *, num_workers: int = 0, error: str = "") -> None:
    queues = [QueueHealth("interactive", 0, 0, num_workers, 0, None)]
    monkeypatch.setattr("review.views.compare.look_at_queues", lambda: Queues(error, queues))


@pytest.fixture
def ids(rng: np.random.Generator) -> list[int]:
    """A dozen images with features."""
    found: list[int] = add_library(12, rng)[0].tolist()
    return found


def show(client: Client, first: int, second: int, name: str = "compare", **parameters: object) -> HttpResponse:
    query = urlencode(parameters)
    response: HttpResponse = client.get(f"{reverse(f'review:{name}', args=[first, second])}?{query}")
    return response


def text_of(response: HttpResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def cell(response: HttpResponse, label: str) -> str:
    """Return the row of the table of scores that begins with a label, as text."""
    table = response.content.decode().partition('id="scores"')[2]
    row = next(row for row in re.findall(r"<tr>(.*?)</tr>", table, re.S) if f">{label}<" in row)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)).strip()


def test_it_works(client: Client, ids: list[int]) -> None:
    response = show(client, ids[0], ids[1])
    assert response.status_code == 200
    assert set(notes(response.content.decode())) == {"needs_name", "being_compared"}
    assert re.search(r"Color [\d.]+ [\d.]+ ", cell(response, "Color"))
    assert "missing : not available" in cell(response, "Content").replace("missing:", "missing :")
    assert Comparison.objects.get().state == JobState.WAITING
    assert 'hx-trigger="every 700ms"' in response.content.decode()


def test_weights_are_those_of_the_address(client: Client, ids: list[int]) -> None:
    response = show(client, ids[0], ids[1], w_color=1, w_ssim=0, w_deep=0)
    assert "1.00 100 %" in cell(response, "Color")
    assert "0.00 0 %" in cell(response, "Structure")


def test_a_preset_counts(client: Client, ids: list[int]) -> None:
    assert "0.10" in cell(show(client, ids[0], ids[1], preset="product"), "Color")


def test_weights_that_are_all_0_are_said_and_those_of_the_site_count(client: Client, ids: list[int]) -> None:
    response = show(client, ids[0], ids[1], w_color=0, w_ssim=0, w_deep=0, w_texture=0)
    assert "all weights are 0" in text_of(response)
    assert f"{METHODS['color'].default_weight:.2f}" in cell(response, "Color")


def test_a_wrong_address_is_said(client: Client, ids: list[int]) -> None:
    response = show(client, ids[0], ids[1], w_color=7)
    assert response.status_code == 400
    assert [problem.partition(":")[0] for problem in response.context["problems"]] == ["Color"]
    assert response.context["problems"][0] in text_of(response)


def test_the_search_goes_with_every_link(client: Client, ids: list[int]) -> None:
    html = show(client, ids[0], ids[1], w_color=1, min=20, k=80).content.decode()
    other = reverse("review:compare", args=[ids[1], ids[0]])
    assert f'href="{other}?w_color=1&amp;min=20"' in html
    assert f"?image={ids[0]}&amp;w_color=1&amp;min=20" in html


@pytest.mark.parametrize("second", ["hidden", "gone", "same"])
def test_images_that_are_not_there_are_not_found(client: Client, ids: list[int], second: str) -> None:
    Image.objects.filter(pk=ids[1]).update(hidden=True)
    pk = {"hidden": ids[1], "gone": 10**9, "same": ids[0]}[second]
    for name in ("compare", "compare_closely", "compare_places"):
        assert show(client, ids[0], pk, name).status_code == 404
    assert not Comparison.objects.exists()


def test_images_of_closed_collections_are_for_members(client: Client, ids: list[int]) -> None:
    closed = Collection.objects.create(name="closed", private=True)
    closed.images.add(ids[1])
    Image.objects.filter(pk=ids[1]).update(common=False)
    assert show(client, ids[0], ids[1]).status_code == 404
    member = User.objects.create_user("mira")
    Membership.objects.create(user=member, collection=closed, role=Role.VIEWER)
    client.force_login(member)
    assert show(client, ids[0], ids[1]).status_code == 200


def test_facts_are_side_by_side_and_differences_marked(client: Client) -> None:
    first = make_image("one.jpg", title="Heron", format="PNG")
    second = make_image("two.jpg", title="Heron", width=800)
    closed, common = (Collection.objects.create(name=name, private=name == "closed") for name in ("closed", "birds"))
    second.collections.add(closed, common)
    first.tags.add(Tag.objects.create(name="gray"))
    Attribute.objects.create(image=first, name="camera", value="X100")
    html = show(client, first.pk, second.pk).content.decode().partition('id="facts"')[2].partition("</table>")[0]
    lines = {}
    for row in re.findall(r"<tr.*?</tr>", html, re.S):
        label, *cells = (re.sub(r"<[^>]+>", "", each).strip() for each in re.findall(r"<t[hd].*?</t[hd]>", row, re.S))
        lines[label] = cells
    assert lines["Title"] == ["Heron", "Heron", "same"]
    assert lines["Size"] == ["400 × 300", "800 × 300", "differs"]
    assert lines["File type"] == ["PNG", "JPEG", "differs"]
    assert lines["Tags"] == ["gray", "–", "differs"]
    assert lines["Collections"] == ["–", "birds", "differs"]
    assert lines["camera"] == ["X100", "–", "differs"]
    assert "Label" not in lines


def test_what_the_worker_found_is_shown(client: Client, pair: Pair) -> None:  # noqa: F811
    first, second = (image.pk for image in pair)
    jobs.comparison.run(jobs.wanted(pair[0].sha256, pair[1].sha256).pk)
    response = show(client, first, second)
    html, text = response.content.decode(), text_of(response)
    assert "fit one motion" in text
    assert "As they stand" in text
    assert "Aligned" in text
    assert "covers 56 % of A" in text
    assert response.context["overlaps"] in text
    assert html.count('class="histogram"') == 2
    assert 'hx-trigger="every' not in html
    data = json.loads(re.search(r"data-stage='(.*?)'", html).group(1).replace("&quot;", '"'))  # type: ignore[union-attr]
    assert set(data) == {"matrix", "points", "others", "polygon"}
    assert "0.00 0 % 1.0" not in cell(response, "Color")
    for kind in ("plain", "aligned"):
        picture = client.get(reverse("review:compare_difference", args=[first, second, kind]))
        assert picture.status_code == 200
        assert picture["Content-Type"] == "image/webp"
        assert "sandbox" in picture["Content-Security-Policy"]
        assert b"".join(picture)[8:12] == b"WEBP"


def test_a_map_is_only_for_those_who_may_see_both_images(client: Client, pair: Pair) -> None:  # noqa: F811
    jobs.comparison.run(jobs.wanted(pair[0].sha256, pair[1].sha256).pk)
    address = reverse("review:compare_difference", args=[pair[0].pk, pair[1].pk, "plain"])
    Image.objects.filter(pk=pair[1].pk).update(common=False)
    assert client.get(address).status_code == 404


def test_there_is_no_map_of_another_kind_or_before_it_is_drawn(client: Client, pair: Pair) -> None:  # noqa: F811
    first, second = (image.pk for image in pair)
    assert client.get(reverse("review:compare_difference", args=[first, second, "plain"])).status_code == 404
    row = jobs.wanted(pair[0].sha256, pair[1].sha256)
    jobs.comparison.run(row.pk)
    assert client.get(reverse("review:compare_difference", args=[first, second, "odd"])).status_code == 404
    map_path(row.pk, "plain").unlink()
    assert client.get(reverse("review:compare_difference", args=[first, second, "plain"])).status_code == 404


def test_the_waiting_page_is_answered_only_when_something_changed(client: Client, ids: list[int]) -> None:
    show(client, ids[0], ids[1])
    assert show(client, ids[0], ids[1], "compare_closely", seen="waiting-").status_code == 204
    Comparison.objects.update(state=JobState.RUNNING)
    assert show(client, ids[0], ids[1], "compare_closely", seen="waiting-").status_code == 200


@pytest.mark.parametrize(("about", "lacking"), [({}, "worker"), ({"error": "down"}, "redis")])
def test_what_is_missing_for_a_close_look_is_said(
    client: Client, ids: list[int], monkeypatch: pytest.MonkeyPatch, about: dict[str, str], lacking: str
) -> None:
    set_queues(monkeypatch, **about)  # type: ignore[arg-type]
    response = show(client, ids[0], ids[1])
    assert lacking in notes(response.content.decode())
    assert 'hx-trigger="every 5s"' in response.content.decode()


def test_a_failure_is_said_and_may_be_tried_again(client: Client, ids: list[int]) -> None:
    show(client, ids[0], ids[1])
    Comparison.objects.update(state=JobState.FAILED, error_code="corrupt")
    response = show(client, ids[0], ids[1])
    html = response.content.decode()
    assert "not_compared" in notes(html)
    assert sentence("corrupt") in text_of(response)
    assert f'action="{reverse("review:compare_again", args=ids[:2])}"' in html
    done = client.post(reverse("review:compare_again", args=[ids[0], ids[1]]) + "?w_color=1")
    assert done.status_code == 302
    assert done["Location"].endswith("?w_color=1")
    assert Comparison.objects.get().state == JobState.WAITING


def test_trying_again_what_did_not_fail_changes_nothing(client: Client, ids: list[int]) -> None:
    show(client, ids[0], ids[1])
    Comparison.objects.update(state=JobState.RUNNING)
    client.post(reverse("review:compare_again", args=[ids[0], ids[1]]))
    assert Comparison.objects.get().state == JobState.RUNNING


def test_both_searches_are_explained(client: Client, ids: list[int]) -> None:
    response = show(client, ids[0], ids[1], "compare_places")
    html, text = response.content.decode(), text_of(response)
    assert notes(html) == ["found", "found"]
    assert len(re.findall(r"\d+ of 11, score \d+\.", text)) == 2
    assert html.count("data-exact") == html.count('data-lies="delta"') == 2


def test_a_threshold_is_named(client: Client, ids: list[int]) -> None:
    response = show(client, ids[0], ids[1], "compare_places", min=99)
    assert notes(response.content.decode()) == ["left_out", "left_out"]
    assert "below the threshold" in text_of(response)


def test_an_image_without_features_is_explained(client: Client, ids: list[int]) -> None:
    bare = make_image("bare.jpg")
    response = show(client, ids[0], bare.pk, "compare_places")
    assert notes(response.content.decode()) == ["not_found", "no_search"]
    there, back = response.context["places"]
    assert there.place.reasons
    assert str(bare.pk) in back.problem
    assert str(there.place.reasons[0]) in text_of(response)
    assert back.problem in text_of(response)


def test_without_scripts_the_searches_are_on_the_page(client: Client, ids: list[int]) -> None:
    html = show(client, ids[0], ids[1]).content.decode()
    assert 'href="?places=on#places"' in html
    assert "Found: number" in text_of(show(client, ids[0], ids[1], places="on"))


def test_reviewers_get_the_verdict_buttons(client: Client, ids: list[int], django_user_model: type[User]) -> None:
    client.force_login(django_user_model.objects.create_superuser("ada"))
    html = show(client, ids[0], ids[1], w_color=1).content.decode()
    assert 'data-verdict="1"' in html
    assert 'name="weights" value="w_color=1"' in html


def test_the_number_of_queries_is_fixed(
    client: Client, rng: np.random.Generator, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in (5, 15):
        ids = add_library(number, rng)[0].tolist()
        show(client, ids[0], ids[1])
        with django_assert_num_queries(NUM_QUERIES):
            show(client, ids[0], ids[1])


def test_every_hit_leads_here_with_its_search(client: Client, ids: list[int]) -> None:
    html = client.get(f"{reverse('search:results')}?image={ids[0]}&w_color=1&k=20").content.decode()
    addresses = re.findall(r'class="photo-button hit-compare"\s+href="(.*?)"', html)
    assert len(addresses) == 11
    assert f"{reverse('review:compare', args=[ids[0], ids[5]])}?w_color=1" in addresses
    html = client.get(f"{reverse('search:results')}?image={ids[0]}&w_color=1&view=list").content.decode()
    assert f'href="/compare/{ids[0]}/{ids[5]}/?w_color=1&amp;view=list"' in html
    html = client.get(f"{reverse('search:results')}?image={ids[0]}").content.decode()
    assert f'href="/compare/{ids[0]}/{ids[5]}/"' in html


def test_the_strip_of_an_image_leads_here(client: Client, ids: list[int]) -> None:
    html = client.get(reverse("search:strip", args=[ids[0]])).content.decode()
    assert html.count(f'href="/compare/{ids[0]}/') == 11

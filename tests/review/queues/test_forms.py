"""What people send to the pages of queues: what is usual, and every refusal by its code."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from gallery.models import Collection
from gallery.people.roles import Role
from review.models import MAX_NOTE, Queue
from review.queues.assign import Direction
from review.queues.forms import DEFAULT_SIZE, QueueForm, ReadingForm, read_step
from search.methods import METHODS
from search.scoring.presets import PRESETS
from tests.codes import form_codes
from tests.gallery.members import make_member
from tests.gallery.rows import make_image
from tests.review.people import person

NEAREST, SEARCH = Queue.Source.NEAREST.value, Queue.Source.SEARCH.value


def sent(**data: Any) -> QueryDict:
    query = QueryDict(mutable=True)
    query.update({name: str(value) for name, value in data.items()})
    return query


@pytest.mark.django_db
class TestQueue:
    def form(self, role: Role = Role.CURATOR, **data: Any) -> QueueForm:
        return QueueForm(sent(**data), user=person("cora", role))

    def test_what_is_not_said_is_as_usual(self) -> None:
        form = self.form(source=NEAREST)
        assert form.is_valid(), form.errors
        assert form.cleaned_data["wanted"] == DEFAULT_SIZE
        assert form.cleaned_data["name"]
        assert not form.cleaned_data["two_readers"]
        assert form.weights() == PRESETS["general"].full_weights()

    def test_what_is_said_counts(self) -> None:
        form = self.form(source=NEAREST, wanted=50, name="  By the pond ", preset="medical", two_readers="on")
        assert form.is_valid(), form.errors
        assert (form.cleaned_data["wanted"], form.cleaned_data["name"]) == (50, "By the pond")
        assert form.cleaned_data["two_readers"]
        assert form.weights() == PRESETS["medical"].full_weights()
        assert form.weights().keys() == METHODS.keys()

    @pytest.mark.parametrize(
        ("role", "data", "codes"),
        [
            (Role.CURATOR, {}, {"required"}),
            (Role.CURATOR, {"source": "dreams"}, {"invalid_choice"}),
            (Role.CURATOR, {"source": NEAREST, "wanted": 51}, {"invalid_choice"}),
            (Role.CURATOR, {"source": NEAREST, "preset": "dreams"}, {"invalid_choice"}),
            (Role.CURATOR, {"source": NEAREST, "collection": 10**6}, {"invalid_choice"}),
            (Role.CURATOR, {"source": NEAREST, "name": "n" * 121}, {"max_length"}),
            (Role.CURATOR, {"source": SEARCH, "image": 0}, {"min_value"}),
            (Role.CURATOR, {"source": SEARCH, "image": 2**63}, {"max_value"}),
            (Role.REVIEWER, {"source": NEAREST}, {"not_its_curator"}),
            (Role.VIEWER, {"source": SEARCH}, {"not_its_curator"}),
        ],
    )
    def test_refusals(self, role: Role, data: dict[str, Any], codes: set[str]) -> None:
        form = self.form(role, **data)
        assert not form.is_valid()
        assert form_codes(form) == codes

    def test_reviewers_of_a_collection_have_its_searches_judged_and_no_more(self) -> None:
        herons = Collection.objects.create(name="Herons", private=True)
        rosa = person("rosa", Role.VIEWER)
        make_member(rosa, herons, Role.REVIEWER)
        assert QueueForm(sent(source=SEARCH, collection=herons.pk), user=rosa).is_valid()
        refused = QueueForm(sent(source=NEAREST, collection=herons.pk), user=rosa)
        assert not refused.is_valid()
        assert form_codes(refused) == {"invalid_choice"}

    def test_a_queue_is_called_by_what_is_in_it(self) -> None:
        herons = Collection.objects.create(name="Herons")
        image = make_image("heron.jpg", title="Grey heron")
        user = person("cora", Role.CURATOR)

        def name(**data: Any) -> str:
            form = QueueForm(sent(**data), user=user)
            assert form.is_valid(), form.errors
            found: str = form.cleaned_data["name"]
            return found

        assert "Herons" in name(source=NEAREST, collection=herons.pk)
        assert "Grey heron" in name(source=SEARCH, image=image.pk)
        assert name(source=SEARCH) == name(source=SEARCH, image=10**6)  # of an image that is not there

    def test_a_search_is_kept_by_the_image_of_the_gallery_that_it_is_about(self) -> None:
        form = self.form(source=SEARCH, address="query=abc&k=20&preset=medical", image=7)
        assert form.is_valid(), form.errors
        address = QueryDict(form.search_address())
        assert address.dict() == {"image": "7", "k": "20", "preset": "medical"}

    def test_a_search_for_an_upload_alone_stays_as_it_is(self) -> None:
        form = self.form(source=SEARCH, address="query=abc&k=20")
        assert form.is_valid(), form.errors
        assert form.search_address() == "query=abc&k=20"


class TestReading:
    def test_lines_end_as_the_page_was_given_them(self) -> None:
        form = ReadingForm(sent(kind="same", note=" one\r\ntwo \r\n"))
        assert form.is_valid(), form.errors
        assert form.cleaned_data["note"] == "one\ntwo"

    @pytest.mark.parametrize(
        ("data", "codes"),
        [
            ({}, {"required"}),
            ({"kind": "dreams"}, {"invalid_choice"}),
            ({"kind": "same", "note": "n" * (MAX_NOTE + 1)}, {"max_length"}),
            ({"kind": "same", "seen": -1}, {"min_value"}),
            ({"kind": "same", "seen": "x"}, {"invalid"}),
        ],
    )
    def test_refusals(self, data: dict[str, Any], codes: set[str]) -> None:
        form = ReadingForm(sent(**data))
        assert not form.is_valid()
        assert form_codes(form) == codes


class TestSteps:
    @pytest.mark.parametrize(
        ("data", "step"),
        [
            ({"after": "3"}, (Direction.AFTER, 3)),
            ({"back": "3"}, (Direction.BACK, 3)),
            ({"at": "12"}, (Direction.AT, 12)),
            ({"forward": "1"}, (Direction.FORWARD, 1)),
            ({}, (Direction.AFTER, 0)),
            ({"at": "x", "back": "2"}, (Direction.BACK, 2)),
            ({"at": "-1"}, (Direction.AFTER, 0)),
            ({"at": "9" * 10}, (Direction.AFTER, 0)),
            ({"at": "²"}, (Direction.AFTER, 0)),
        ],
    )
    def test_which_pair_an_address_asks_for(self, data: dict[str, str], step: tuple[Direction, int]) -> None:
        assert read_step(data) == step

    @given(st.dictionaries(st.sampled_from([each.value for each in Direction]), st.text(max_size=12)))
    def test_whatever_comes_is_a_place_or_the_next(self, data: dict[str, str]) -> None:
        direction, place = read_step(data)
        assert isinstance(direction, Direction)
        assert 0 <= place < 10**9

"""What people send to the gallery's pages: filters, uploads, curation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from gallery.days import beginning, end
from gallery.explained_form import invalid
from gallery.models import Collection, Image, ImageQuerySet, Tag
from gallery.people.membership import RoleError, refuse_addition
from gallery.people.permissions import permissions_of
from gallery.people.roles import Role
from gallery.text_search import mentions

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

MOST_DIGITS = 20
MAX_TAG = 80
LARGEST_ID = 2**63 - 1
"""Larger numbers do not fit into the database's."""


def read_id(text: str) -> int:
    """Return the id that a text names, or 0."""
    # "²".isdigit() holds, too, but int() refuses it; and it refuses digits by the thousands, hence the length.
    number = int(text) if text.isascii() and text.isdigit() and len(text) < MOST_DIGITS else 0
    return number if number <= LARGEST_ID else 0


def read_text(text: str) -> str:
    """Return a text without the NUL characters that PostgreSQL refuses."""
    return text.replace("\0", "")


class FilterForm(forms.Form):
    """The gallery's filters, all of them in the URL."""

    q = forms.CharField(label=_("Text"), required=False, max_length=200)
    collection = forms.IntegerField(label=_("Collection"), required=False, min_value=1, max_value=LARGEST_ID)
    tag = forms.CharField(label=_("Tag"), required=False, max_length=80)
    label = forms.CharField(label=_("Label"), required=False, max_length=120)
    attribute = forms.CharField(label=_("Attribute"), required=False, max_length=80)
    value = forms.CharField(label=_("Its value"), required=False, max_length=500)
    since = forms.DateField(label=_("Uploaded from"), required=False)
    until = forms.DateField(label=_("Uploaded until"), required=False)
    ids = forms.CharField(label=_("Chosen images"), required=False, max_length=4000)
    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[("", _("Shown")), ("hidden", _("Hidden")), ("all", _("All"))],
    )

    def __init__(self, data: Any, *, viewer: User | AnonymousUser) -> None:
        super().__init__(data)
        self.viewer = viewer
        if not permissions_of(viewer).may_somewhere(Role.CURATOR):
            del self.fields["status"]

    def images(self) -> ImageQuerySet:
        """Return the images that pass every filter that could be read; the others show their error."""
        self.is_valid()
        chosen = self.cleaned_data
        images = self._of_status(chosen.get("status", ""))
        if ids := chosen.get("ids"):
            images = images.filter(pk__in=[read_id(text) for text in ids.split(",")])
        if text := chosen.get("q"):
            images = images.filter(mentions(text))
        if collection := chosen.get("collection"):
            known = Collection.objects.visible_to(self.viewer).filter(pk=collection)
            images = images.filter(collections__in=known)
        if tag := chosen.get("tag"):
            # By their numbers: SQLite answers a join by looking at every image.
            images = images.filter(pk__in=Image.tags.through.objects.filter(tag__name=tag).values("image"))
        if label := chosen.get("label"):
            images = images.filter(label=label)
        if name := chosen.get("attribute"):
            value = chosen.get("value")
            images = images.filter(attributes__name=name, **({"attributes__value": value} if value else {}))
        if since := chosen.get("since"):
            images = images.filter(uploaded_at__gte=beginning(since))
        if until := chosen.get("until"):
            images = images.filter(uploaded_at__lt=end(until))
        return images

    def newest(self, images: ImageQuerySet, most: int, before: int = 0) -> tuple[list[Image], int]:
        """Return the first images that pass, of those before a number if one is given, and how many pass in all.

        Those that all fit are not counted again. By text or date every row that passes has to be found for that, so the
        page and the number come of one pass.
        """
        newest = images.order_by("-pk")
        if any(self.cleaned_data.get(name) for name in ("q", "since", "until")):
            ids = list(newest.values_list("pk", flat=True))
            wanted = [pk for pk in ids if not before or pk < before][:most]
            rows = Image.objects.in_bulk(wanted)
            return [rows[pk] for pk in wanted if pk in rows], len(ids)
        page = list((newest.filter(pk__lt=before) if before else newest)[:most])
        if not before and len(page) < most:
            return page, len(page)
        return page, images.count()

    def is_filtering(self) -> bool:
        """Tell whether any filter is set."""
        return any(self.data.get(name) for name in self.fields)

    def query(self) -> dict[str, str]:
        """Return the filters that are set, as the URL carries them."""
        return {name: self.data[name] for name in self.fields if self.data.get(name)}

    def _of_status(self, status: str) -> ImageQuerySet:
        images = Image.objects.visible_to(self.viewer)
        return images if status == "all" else images.filter(hidden=status == "hidden")


class ManyFilesInput(forms.ClearableFileInput):
    """A file input that takes many files."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Files of one input; empty files pass, so that intake can refuse them with its own reason."""

    widget = ManyFilesInput

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_empty_file=True, **options)

    def clean(self, data: Iterable[UploadedFile[Any]] | None, initial: Any = None) -> list[UploadedFile[Any]]:
        # Bare super() fails in a comprehension.
        files = [super(ManyFilesField, self).clean(file, initial) for file in data or []]
        if not files:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return files


class UploadForm(forms.Form):
    """Files to store, and the collection to put them in: one in which this person may do so, or a new one."""

    collection = forms.CharField(label=_("Collection"), required=False, max_length=120)
    private = forms.BooleanField(label=_("A new collection is private"), required=False)

    def __init__(self, *args: Any, viewer: User | AnonymousUser, **options: Any) -> None:
        super().__init__(*args, **options)
        self.viewer = viewer
        # Not declared in the class: there the name means what Django calls the files of a form.
        self.fields["files"] = ManyFilesField(
            label=_("Images"), error_messages={"required": _("Choose at least one image.")}
        )

    def clean_collection(self) -> str:
        """Refuse what this person may not add to, before anything is stored."""
        name: str = self.cleaned_data["collection"]
        try:
            refuse_addition(self.viewer, name)
        except RoleError as error:
            raise invalid(error) from error
        return name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("private") and Collection.objects.filter(name=data.get("collection"), private=False).exists():
            text = _("That collection exists and is public; choose another name for a private one.")
            self.add_error("private", forms.ValidationError(text, code="is_public"))
        if data.get("private") and not self.viewer.is_authenticated:
            text = _("Log in first: a private collection needs somebody whom it belongs to.")
            self.add_error("private", forms.ValidationError(text, code="nobody_there"))
        if data.get("private") and "collection" in data and not data["collection"]:
            text = _("Give the private collection a name.")
            self.add_error("collection", forms.ValidationError(text, code="nameless"))
        return data


class IdsField(forms.Field):
    """Ids of images, sent as many values or, by long selections, as one value with commas."""

    widget = forms.SelectMultiple
    default_error_messages = {
        "nothing_selected": _("Select at least one image."),
        "not_numbers": _("Images are named by number."),
    }

    def clean(self, value: Any) -> list[int]:
        texts = [text for each in value or [] for text in each.split(",") if text]
        if not texts:
            raise forms.ValidationError(self.error_messages["nothing_selected"], code="nothing_selected")
        ids = [read_id(text) for text in texts]
        if not all(ids):
            raise forms.ValidationError(self.error_messages["not_numbers"], code="not_numbers")
        return ids


class TagsField(forms.CharField):
    """Tags, with commas between them."""

    def clean(self, value: Any) -> list[str]:
        names = [" ".join(part.split()) for part in super().clean(value).split(",")]
        too_long = [name for name in names if len(name) > MAX_TAG]
        if too_long:
            raise forms.ValidationError(
                _("Tags have at most %(most)d characters; “%(name)s” has %(length)d."),
                code="tag_too_long",
                params={"most": MAX_TAG, "name": too_long[0], "length": len(too_long[0])},
            )
        return list(dict.fromkeys(filter(None, names)))


class CurateForm(forms.Form):
    """An act on selected images."""

    ACTIONS = [
        ("hide", _("Hide")),
        ("unhide", _("Show again")),
        ("tag", _("Add tag")),
        ("untag", _("Remove tag")),
        ("collect", _("Add to collection")),
        ("uncollect", _("Take out of collection")),
        ("trash", _("Move to the trash")),
    ]

    action = forms.ChoiceField(choices=ACTIONS)
    image = IdsField()
    tag = TagsField(label=_("Tag"), required=False)
    collection = forms.CharField(label=_("Collection"), required=False, max_length=120)
    leave = forms.CharField(label=_("Collection to take out of"), required=False, max_length=120)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        fields = {"tag": "tag", "untag": "tag", "collect": "collection", "uncollect": "leave"}
        name = fields.get(data.get("action", ""))
        if data.get("action") == "untag" and Tag.objects.filter(name=read_text(self.data.get("tag", ""))).exists():
            data["tag"] = [read_text(self.data["tag"])]  # a tag of before, with commas in its name
        if name and not data.get(name) and name not in self.errors:
            self.add_error(name, forms.ValidationError(_("Give it a name first."), code="nameless"))
        return data

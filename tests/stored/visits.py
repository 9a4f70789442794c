"""Run by itself with DATA_DIR set: opens every page that shows stored rows, counts the rows, and prints both as JSON.

It knows models by label and pages by name, so that little of it changes when modules move.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.db.models import Model

Name = tuple[str, list[Any], str]
"""Of an address, its arguments, and the query string."""
APPS = ("gallery", "search", "review")
UNFINISHED = ("pending", "waiting", "running")  # the first: of images
ADMIN, VIEWER = "admin", "viewer"


def counts() -> dict[str, int]:
    """Return how many rows each model of ours has."""
    models = (model for app in APPS for model in apps.get_app_config(app).get_models())
    return {model._meta.label: model._default_manager.count() for model in models}


def unfinished() -> dict[str, int]:
    """Return how many rows of each model wait for a worker, or are in the hands of one."""
    found: Counter[str] = Counter()
    for model, name in work():
        found[model._meta.label] += model._default_manager.filter(**{f"{name}__in": UNFINISHED}).count()
    return {label: number for label, number in found.items() if number}


def work() -> Iterator[tuple[type[Model], str]]:
    """Yield the models whose rows are worked on, and which field of theirs says how far."""
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            names = {field.name for field in model._meta.get_fields()} & {"state", "status"}
            for name in sorted(names - ({"state"} if model._meta.label == "review.Verdict" else set())):
                yield model, name


def images() -> dict[str, int]:
    """Return the ids of the images by their file names."""
    return dict(apps.get_model("gallery.Image")._default_manager.values_list("original_name", "pk"))


def sums() -> dict[str, str]:
    """Return the sums of the images by their file names."""
    return dict(apps.get_model("gallery.Image")._default_manager.values_list("original_name", "sha256"))


def pages() -> dict[str, list[Name]]:
    """Return what each person opens."""
    known = images()
    start, other = known["astronaut-original.jpg"], known["astronaut-crop.jpg"]
    listed = ["gallery:index", "gallery:collections", "search:status", "search:map", "review:records"]
    common: list[Name] = [(name, [], "") for name in listed]
    common += [("gallery:image", [start], ""), ("search:results", [], f"?image={start}")]
    common += [("review:compare", [start, other], ""), *of_rows("review:record", "review.SearchRecord")]
    common += [("review:duplicates", [], ""), *of_rows("gallery:collection", "gallery.Collection")]
    listed = ["gallery:trash", "gallery:people", "search:lab", "search:weights", "review:queues", "review:verdicts"]
    listed += ["review:audit", "search:lab_progress", "search:weights_progress", "review:duplicates_progress"]
    own: list[Name] = [(name, [], "") for name in [*listed, "review:queues_progress", "search:map_state"]]
    own += [("gallery:image", [pk], "") for pk in (known["hidden.jpg"], known["failing-2.jpg"], known["in-hand.jpg"])]
    own += [("search:feature_status", [known["failing-2.jpg"]], ""), ("review:duplicates", [], "?tier=3")]
    own += of_rows("review:queue", "review.Queue", state="ready")
    own += of_rows("review:queue_report", "review.Queue", state="ready")
    own += [("review:pair", list(pair), "") for pair in compared()]
    own += [("admin:index", [], ""), *change_lists()]
    return {VIEWER: common, ADMIN: common + own}


def of_rows(name: str, label: str, **condition: Any) -> list[Name]:
    """Return an address of each row of a model."""
    rows = apps.get_model(label)._default_manager.filter(**condition)
    return [(name, [pk], "") for pk in rows.values_list("pk", flat=True)]


def compared() -> list[tuple[str, str]]:
    """Return the pairs of images in the library about which somebody decided; not those kept back from all others."""
    there = apps.get_model("gallery.Image").objects.shown().values("sha256")
    rows = apps.get_model("review.Verdict")._default_manager.filter(first_sha256__in=there, second_sha256__in=there)
    waiting = apps.get_model("review.QueuedPair")._default_manager.filter(state="open")
    names = ("first_sha256", "second_sha256")
    return sorted(set(rows.values_list(*names)) - set(waiting.values_list(*names)))


def change_lists() -> list[Name]:
    """Return the lists of Django's admin, and the newest row of each."""
    from django.contrib import admin

    found: list[Name] = []
    for model in admin.site._registry:
        if model._meta.app_label in ("gallery", "search", "review", "auth"):
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            found.append((f"{name}_changelist", [], ""))
            newest = model._default_manager.order_by("-pk").first()
            found += [(f"{name}_change", [newest.pk], "")] if newest else []
    return found


def visit() -> list[dict[str, Any]]:
    """Open all pages; an error of the server is raised here, by name."""
    from django.test import Client
    from django.urls import reverse

    people = apps.get_model(settings.AUTH_USER_MODEL)._default_manager
    found = []
    for who, addresses in pages().items():
        client = Client()
        client.force_login(people.get(username=who))
        for name, args, query in addresses:
            response = client.get(reverse(name, args=args) + query)
            found.append({"who": who, "name": name, "args": list(map(str, args)), "status": response.status_code})
    return found


def main() -> None:
    """Print what is asked for: `counts` or `visits`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.test.utils import override_settings, setup_test_environment

    said: dict[str, Any] = {"counts": counts(), "unfinished": unfinished(), "images": images(), "sums": sums()}
    if "visits" in sys.argv:
        setup_test_environment()
        plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        with override_settings(STORAGES=settings.STORAGES | {"staticfiles": plain}):
            said["visits"] = visit()
    print(json.dumps(said))  # noqa: T201 (its caller reads this)


if __name__ == "__main__":
    main()

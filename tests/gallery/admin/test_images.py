"""The admin of images, collections and tags, by its pages."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from gallery.admin.history import HistoryNote
from gallery.intake.store import store_image
from gallery.models import Collection, Image, Tag
from jobs.errors import sentence
from tests.gallery.saying import codes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folders")]
LIST = "/admin/gallery/image/"


@pytest.fixture
def image(png: Callable[[int], bytes]) -> Image:
    """One image that came the usual way."""
    stored = store_image(BytesIO(png(0)), name="cat.png", label="cat").image
    assert stored is not None
    return stored


def rows(count: int) -> list[Image]:
    """Rows as decoding leaves them, without files: enough for lists."""
    return Image.objects.bulk_create(
        Image(
            sha256=f"{n:064x}",
            status=Image.Status.READY,
            original_name=f"{n}.png",
            num_bytes=10,
            format="PNG",
            width=160,
            height=120,
        )
        for n in range(count)
    )


def act(client: Client, action: str, images: list[Image], **more: str) -> list[str]:
    """Do an action of the list and return the codes of what the page that follows says of it."""
    data = {"action": action, "_selected_action": [image.pk for image in images], **more}
    response = client.post(LIST, data, follow=True)
    assert response.status_code == 200
    return codes(response)


# The list


def test_list_shows_thumbnails(admin_client: Client, image: Image) -> None:
    page = admin_client.get(LIST).content.decode()
    assert reverse("gallery:media", args=["thumb", image.sha256]) in page
    assert "160\u00a0×\u00a0120" in page
    assert 'width="72" height="54"' in page


def test_list_needs_no_more_queries_for_more_images(
    admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    rows(3)
    admin_client.get(LIST)
    with django_assert_max_num_queries(50) as few:
        admin_client.get(LIST)
    Image.objects.all().delete()
    rows(50)
    with django_assert_max_num_queries(len(few)):
        admin_client.get(LIST)
    assert len(few) <= 10


def test_list_filters_and_searches(admin_client: Client, image: Image) -> None:
    image.tags.add(Tag.objects.create(name="animal"))
    for query in ("status__exact=ready", "format=PNG", "q=cat", "q=animal", f"q={image.sha256[:10]}"):
        assert "cat.png" in admin_client.get(f"{LIST}?{query}").content.decode(), query
    for query in ("hidden__exact=1", "reason=corrupt", "q=dog"):
        assert "cat.png" not in admin_client.get(f"{LIST}?{query}").content.decode(), query


def test_list_offers_the_reasons_that_occur(admin_client: Client, image: Image) -> None:
    Image.objects.create(
        sha256="f" * 64, original_name="cut.png", num_bytes=1, status=Image.Status.REFUSED, reason="truncated"
    )
    page = admin_client.get(LIST).content.decode()
    assert "?reason=truncated" in page
    assert "?reason=corrupt" not in page
    page = admin_client.get(f"{LIST}?reason=truncated").content.decode()
    assert "cut.png" in page
    assert "cat.png" not in page


# Hide, show again, trash


def test_hide_and_show_again(admin_client: Client, image: Image, heard: list[tuple[str, list[int]]]) -> None:
    assert act(admin_client, "hide_selected", [image]) == ["images_hidden"]
    assert act(admin_client, "unhide_selected", [image]) == ["images_shown"]
    image.refresh_from_db()
    assert not image.hidden
    assert heard == [("removed", [image.pk]), ("restored", [image.pk])]
    changes = [entry.change_message for entry in LogEntry.objects.order_by("pk")]
    assert changes == [HistoryNote.HIDDEN, HistoryNote.SHOWN]


def test_the_history_says_codes_in_words_and_older_words_as_they_are(admin_client: Client, image: Image) -> None:
    act(admin_client, "hide_selected", [image])
    admin_client.post(reverse("admin:gallery_image_change", args=[image.pk]), {"title": "A cat", "label": "cat"})
    older = LogEntry.objects.earliest("pk")
    older.pk, older.change_message = None, "Versteckt."
    older.save()
    page = admin_client.get(reverse("admin:gallery_image_history", args=[image.pk])).content.decode()
    for words in (str(HistoryNote.HIDDEN.label), LogEntry.objects.order_by("pk")[1].get_change_message(), "Versteckt."):
        assert f"<td>{words}</td>" in page


def test_hidden_by_the_form_is_told_too(admin_client: Client, image: Image, heard: list[tuple[str, list[int]]]) -> None:
    address = reverse("admin:gallery_image_change", args=[image.pk])
    admin_client.post(address, {"title": "A cat", "label": "cat", "hidden": "on"})
    image.refresh_from_db()
    assert (image.title, image.hidden) == ("A cat", True)
    admin_client.post(address, {"title": "A cat", "label": "pet"})
    image.refresh_from_db()
    assert (image.label, image.hidden) == ("pet", False)
    assert heard == [("removed", [image.pk]), ("restored", [image.pk])]


def test_what_machines_found_cannot_be_edited(admin_client: Client, image: Image) -> None:
    address = reverse("admin:gallery_image_change", args=[image.pk])
    admin_client.post(address, {"title": "", "label": "", "status": "refused", "width": "1", "sha256": "0" * 64})
    found = Image.objects.get(pk=image.pk)
    assert (found.status, found.width, found.sha256) == ("ready", 160, image.sha256)


def test_trash_and_restore(admin_client: Client, image: Image, heard: list[tuple[str, list[int]]]) -> None:
    assert act(admin_client, "trash_selected", [image]) == ["images_trashed"]
    assert "in the trash" in admin_client.get(LIST).content.decode()
    assert act(admin_client, "restore_selected", [image]) == ["images_restored"]
    assert list(Image.objects.shown()) == [image]
    assert heard == [("removed", [image.pk]), ("restored", [image.pk])]
    changes = [entry.change_message for entry in LogEntry.objects.order_by("pk")]
    assert changes == [HistoryNote.TRASHED, HistoryNote.RESTORED]


def test_rows_are_never_deleted_here(admin_client: Client, image: Image) -> None:
    assert "delete_selected" not in admin_client.get(LIST).content.decode()
    act(admin_client, "delete_selected", [image], post="yes")
    address = reverse("admin:gallery_image_delete", args=[image.pk])
    assert admin_client.post(address, {"post": "yes"}).status_code == 403
    assert Image.objects.shown().exists()


def test_all_go_into_the_trash_at_once(admin_client: Client) -> None:
    images = rows(1200)
    assert act(admin_client, "trash_selected", images[:1], select_across="1") == ["images_trashed"]
    assert not Image.objects.shown().exists()


def test_deleting_a_collection_leaves_its_images(admin_client: Client, image: Image) -> None:
    collection = Collection.objects.create(name="Pets")
    collection.images.add(image)
    page = admin_client.get("/admin/gallery/collection/").content.decode()
    assert f"/admin/gallery/image/?collections__id__exact={collection.pk}" in page
    address = reverse("admin:gallery_collection_delete", args=[collection.pk])
    assert "relationship" not in admin_client.get(address).content.decode()
    admin_client.post(address, {"post": "yes"})
    assert Image.objects.exists()
    assert not Collection.objects.exists()


def test_deleting_a_collection_tells_what_only_it_shows(admin_client: Client, image: Image) -> None:
    collection = Collection.objects.create(name="Pets")
    collection.images.add(image)
    address = reverse("admin:gallery_collection_delete", args=[collection.pk])
    assert admin_client.get(address).context["deleted_objects"] == ["Pets"]
    Image.objects.filter(pk=image.pk).update(common=False)
    (line,) = admin_client.get(address).context["deleted_objects"]
    assert line.startswith("Pets: 1 ")


def test_captions_and_the_common_library_are_edited(admin_client: Client, image: Image) -> None:
    image.attributes.create(name="camera", value="Leica")
    address = reverse("admin:gallery_image_change", args=[image.pk])
    page = admin_client.get(address).content.decode()
    assert f'camera: Leica <a href="/images/{image.pk}/edit/">Edit</a>' in page
    admin_client.post(address, {"title": "", "label": "cat", "caption": "On the roof"})
    image.refresh_from_db()
    assert (image.caption, image.common) == ("On the roof", False)


# Adding


def test_add_stores_by_intake(
    admin_client: Client, png: Callable[[int], bytes], heard: list[tuple[str, list[int]]]
) -> None:
    collection = Collection.objects.create(name="Pets")
    assert admin_client.get(LIST + "add/").status_code == 200
    files = [SimpleUploadedFile(f"{n}.png", png(n)) for n in (1, 2)]
    data = {"images": files, "label": "cat", "collections": [collection.pk]}
    page = admin_client.post(LIST + "add/", data, follow=True)
    assert codes(page) == ["file_stored"] * 2
    assert set(Image.objects.values_list("status", "label", "uploaded_by__username")) == {("ready", "cat", "admin")}
    assert collection.images.count() == 2
    assert [word for word, _ids in heard] == ["stored", "stored"]


def test_add_of_one_leads_to_it(admin_client: Client, png: Callable[[int], bytes]) -> None:
    response = admin_client.post(LIST + "add/", {"images": SimpleUploadedFile("1.png", png(1))})
    assert response.headers["Location"] == reverse("admin:gallery_image_change", args=[Image.objects.get().pk])


def test_add_of_a_known_file_says_so(admin_client: Client, image: Image, png: Callable[[int], bytes]) -> None:
    data = {"images": SimpleUploadedFile("again.png", png(0))}
    page = admin_client.post(LIST + "add/", data, follow=True)
    assert codes(page) == ["file_known"]
    assert "“cat.png”" in page.text
    assert Image.objects.count() == 1


def test_add_of_a_refused_file_says_why(admin_client: Client) -> None:
    data = {"images": SimpleUploadedFile("page.png", b"<html>")}
    page = admin_client.post(LIST + "add/", data, follow=True)
    assert codes(page) == ["file_refused type_not_allowed"]
    assert sentence("type_not_allowed") in page.text
    assert Image.objects.get().status == Image.Status.REFUSED


def test_add_without_a_file_asks_for_one(admin_client: Client) -> None:
    response = admin_client.post(LIST + "add/", {})
    assert response.status_code == 200
    assert "errornote" in response.content.decode()


def test_refused_files_are_tried_again(admin_client: Client, image: Image) -> None:
    Image.objects.filter(pk=image.pk).update(status=Image.Status.REFUSED, reason="decoder_timeout")
    assert act(admin_client, "retry_refused", [image]) == ["files_tried_again"]
    image.refresh_from_db()
    assert (image.status, image.reason) == ("ready", "")


# Who may


def test_staff_without_rights_see_nothing(client: Client, image: Image) -> None:
    client.force_login(User.objects.create_user("reader", is_staff=True))
    for address in (LIST, LIST + "add/", reverse("admin:gallery_image_change", args=[image.pk])):
        assert client.get(address).status_code == 403, address


def test_staff_who_may_only_look_are_offered_no_action(client: Client, image: Image) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_image"))
    client.force_login(reader)
    page = client.get(LIST).content.decode()
    assert "cat.png" in page
    assert "hide_selected" not in page
    act(client, "hide_selected", [image])
    image.refresh_from_db()
    assert not image.hidden

"""Curating images, collections and tags.

Whatever hides, shows or removes an image goes through `gallery.curation.visibility`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.models import ADDITION, CHANGE
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.forms import CharField, Form, ModelForm, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from gallery.admin.history import HistoryNote, note, put_into_words
from gallery.admin_columns import SENTENCES, Deletion, short_time, summarize_deletion, thumbnail
from gallery.audit_events import Action
from gallery.audited_admin import AuditedAdmin
from gallery.curation import visibility
from gallery.curation.collections import only_here
from gallery.forms import ManyFilesField
from gallery.intake import store
from gallery.models import IN_TRASH, Collection, Image, Tag
from gallery.people.accounts import admin as accounts  # noqa: F401 (importing registers its models)

if TYPE_CHECKING:
    BaseImageAdmin = admin.ModelAdmin[Image]
    BaseCollectionAdmin = admin.ModelAdmin[Collection]
    BaseTagAdmin = admin.ModelAdmin[Tag]
else:
    BaseImageAdmin = BaseCollectionAdmin = BaseTagAdmin = admin.ModelAdmin

PREVIEW_SIDE = 320

admin.site.site_header = gettext_lazy("Likeness administration")
admin.site.site_title = gettext_lazy("Likeness")
admin.site.index_title = gettext_lazy("Curation")


class AddForm(Form):
    """Files to store, and what is said of them at once."""

    images = ManyFilesField(label=gettext_lazy("Images"))
    label = CharField(
        label=gettext_lazy("Label"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("What the images show; evaluation compares images of one label with the others."),
    )
    collections = ModelMultipleChoiceField(Collection.objects.all(), label=gettext_lazy("Collections"), required=False)
    tags = ModelMultipleChoiceField(Tag.objects.all(), label=gettext_lazy("Tags"), required=False)


class ReasonFilter(admin.SimpleListFilter):
    """Refused files by their reason; only reasons that occur are offered."""

    title = gettext_lazy("reason of refusal")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        # Ordered by the reason alone: DISTINCT covers what the rows are ordered by, and by default that is the id.
        refused = Image.objects.filter(status=Image.Status.REFUSED).order_by("reason")
        # The chosen one stays on offer though its last image is gone: the list must still show what it is filtered by.
        codes = {*refused.values_list("reason", flat=True).distinct(), *filter(None, [self.value()])}
        return [(code, SENTENCES.get(code, code)) for code in sorted(codes)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Image]) -> QuerySet[Image]:
        return queryset.filter(reason=self.value()) if self.value() else queryset


@admin.register(Image)
class ImageAdmin(AuditedAdmin, BaseImageAdmin):
    """Images: what people may say of them is edited here; what machines found out is shown."""

    logged_as = Action.EDIT

    list_display = ["picture", "name", "label", "standing", "file", "uploaded"]
    list_display_links = ["name"]
    list_filter = [
        *("status", "hidden", ("trashed_at", admin.EmptyFieldListFilter), "uploaded_at", "collections", "format"),
        ReasonFilter,
    ]
    search_fields = ["original_name", "title", "label", "caption", "tags__name", "sha256__startswith"]
    search_help_text = gettext_lazy("File name, title, label, caption, tag, or the first digits of the SHA-256")
    list_per_page = 50
    show_full_result_count = False  # it would count all images once more for each page
    autocomplete_fields = ["collections", "tags"]
    actions = ["hide_selected", "unhide_selected", "trash_selected", "restore_selected", "retry_refused"]
    fieldsets = [
        (None, {"fields": ["preview", "title", "caption", "label", "collections", "tags", "common", "hidden"]}),
        (
            gettext_lazy("File"),
            {"fields": ["original_name", "kind", "dimensions", "num_frames", "size", "uploaded_at", "uploaded_by"]},
        ),
        (gettext_lazy("Attributes"), {"fields": ["known_attributes"]}),
        (
            gettext_lazy("State"),
            {"fields": ["status", "refusal", "trashed_at", "trashed_by", "merged_into", "sha256"]},
        ),
    ]
    readonly_fields = [
        *("preview", "original_name", "kind", "dimensions", "num_frames", "size"),
        *("uploaded_at", "uploaded_by", "status", "refusal", "sha256", "known_attributes"),
        *("trashed_at", "trashed_by", "merged_into"),
    ]

    @admin.display(description=gettext_lazy("picture"))
    def picture(self, image: Image) -> SafeString | str:
        return thumbnail(image)

    @admin.display(description=gettext_lazy("picture"))
    def preview(self, image: Image) -> SafeString | str:
        return thumbnail(image, PREVIEW_SIDE)

    @admin.display(description=gettext_lazy("name"), ordering="original_name")
    def name(self, image: Image) -> str:
        return str(image)

    @admin.display(description=gettext_lazy("state"), ordering="status")
    def standing(self, image: Image) -> str:
        if image.trashed_at:
            return _("in the trash")
        is_hidden = image.hidden and image.status == Image.Status.READY
        return _("hidden") if is_hidden else str(image.get_status_display())

    @admin.display(description=gettext_lazy("file"), ordering="num_bytes")
    def file(self, image: Image) -> str:
        return ", ".join(part for part in (self.kind(image), self.dimensions(image), self.size(image)) if part != "–")

    @admin.display(description=gettext_lazy("type"), ordering="format")
    def kind(self, image: Image) -> str:
        return image.format or "–"

    @admin.display(description=gettext_lazy("dimensions"))
    def dimensions(self, image: Image) -> str:
        return f"{image.width}\u00a0×\u00a0{image.height}" if image.width else "–"

    @admin.display(description=gettext_lazy("size"), ordering="num_bytes")
    def size(self, image: Image) -> str:
        return filesizeformat(image.num_bytes)

    @admin.display(description=gettext_lazy("uploaded"), ordering="uploaded_at")
    def uploaded(self, image: Image) -> str:
        return short_time(image.uploaded_at)

    @admin.display(description=gettext_lazy("refused because"))
    def refusal(self, image: Image) -> str:
        return " ".join(filter(None, [image.get_reason_display(), image.detail])) or "–"

    @admin.display(description=gettext_lazy("attributes"))
    def known_attributes(self, image: Image) -> SafeString | str:
        """Return the attributes, with the way to the page that edits them and notices what others change meanwhile."""
        shown = ", ".join(map(str, image.attributes.all())) or "–"
        if image.status != Image.Status.READY or image.trashed_at:
            return shown
        return format_html('{} <a href="{}">{}</a>', shown, reverse("gallery:edit_image", args=[image.pk]), _("Edit"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Take files by the way that every upload takes; a row without a decoded file is never made here."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = AddForm(request.POST, request.FILES) if request.method == "POST" else AddForm()
        if form.is_valid():
            return self._add(request, form.cleaned_data)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Add images"),
            "opts": self.opts,
            "adminform": AdminForm(cast(Any, form), [(None, {"fields": list(form.fields)})], {}, model_admin=self),
            "errors": form.errors,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/gallery/image/add.html", context)

    def _add(self, request: HttpRequest, chosen: dict[str, Any]) -> HttpResponse:
        """Store each file and say what came of it; go to the image if it was one."""
        images: list[Image] = []
        for file in chosen["images"]:
            outcome = store.store_image(
                file,
                name=file.name,
                user=request.user,
                collections=chosen["collections"],
                label=chosen["label"],
                tags=chosen["tags"],
            )
            images += [outcome.image] if outcome.image else []
            self._tell(request, file.name, outcome)
            if outcome.kind == "stored" and outcome.image:
                note(request, [outcome.image], ADDITION, HistoryNote.UPLOADED)
        if len(images) == len(chosen["images"]) == 1:
            return HttpResponseRedirect(reverse("admin:gallery_image_change", args=[images[0].pk]))
        return HttpResponseRedirect(reverse("admin:gallery_image_changelist"))

    def _tell(self, request: HttpRequest, name: str, outcome: store.Outcome) -> None:
        if outcome.restored:
            text = _("“%(name)s” was in the trash; it is taken out again.")
            self.message_user(request, text % {"name": name}, messages.SUCCESS, "file_restored")
        elif outcome.kind == "stored":
            self.message_user(request, _("“%(name)s” is stored.") % {"name": name}, messages.SUCCESS, "file_stored")
        elif outcome.kind == "duplicate":
            text = _("“%(name)s” was not stored again: the gallery has this file as “%(image)s”.")
            self.message_user(request, text % {"name": name, "image": outcome.image}, messages.INFO, "file_known")
        else:
            reason = SENTENCES.get(outcome.reason, outcome.detail)
            text = _("“%(name)s” is refused. %(reason)s") % {"name": name, "reason": reason}
            self.message_user(request, text, messages.ERROR, f"file_refused {outcome.reason}")

    def save_model(self, request: HttpRequest, obj: Image, form: ModelForm[Image], change: bool) -> None:
        """Save what was edited; hiding and showing again go through curation, which tells the search of it."""
        edited = [name for name in ("title", "caption", "label", "common") if name in form.changed_data]
        # Only what was edited: uploads and the decoder may have changed the rest of the row since the form was opened.
        if edited:
            obj.save(update_fields=edited)
        # The row still has its old value: curation looks for images whose flag differs, and would find none otherwise.
        if "hidden" in form.changed_data:
            (visibility.hide if obj.hidden else visibility.unhide)([obj.pk], request.user)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().history_view(request, object_id, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data:
            put_into_words(response.context_data["action_list"])
        return response

    def has_delete_permission(self, request: HttpRequest, obj: Image | None = None) -> bool:
        """Rows go by way of the trash only."""
        return False

    def has_trash_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may move images to the trash and take them out of it."""
        return super().has_delete_permission(request)

    @admin.action(description=gettext_lazy("Move selected images to the trash"), permissions=["trash"])
    def trash_selected(self, request: HttpRequest, queryset: QuerySet[Image]) -> None:
        # Curation passes over the others by itself; here they would be counted and logged with those that go.
        chosen = list(queryset.filter(visibility.MAY_BE_TRASHED))
        visibility.trash([image.pk for image in chosen], request.user)
        note(request, chosen, CHANGE, HistoryNote.TRASHED)
        text = ngettext("%(n)s image is in the trash now.", "%(n)s images are in the trash now.", len(chosen))
        self.message_user(request, text % {"n": len(chosen)}, messages.SUCCESS, "images_trashed")

    @admin.action(description=gettext_lazy("Restore selected images from the trash"), permissions=["trash"])
    def restore_selected(self, request: HttpRequest, queryset: QuerySet[Image]) -> None:
        chosen = list(queryset.filter(IN_TRASH))
        visibility.restore([image.pk for image in chosen], request.user)
        note(request, chosen, CHANGE, HistoryNote.RESTORED)
        text = ngettext("%(n)s image is restored.", "%(n)s images are restored.", len(chosen))
        self.message_user(request, text % {"n": len(chosen)}, messages.SUCCESS, "images_restored")

    @admin.action(description=gettext_lazy("Hide selected images"), permissions=["change"])
    def hide_selected(self, request: HttpRequest, queryset: QuerySet[Image]) -> None:
        chosen = list(queryset.filter(hidden=False))
        visibility.hide([image.pk for image in chosen], request.user)
        note(request, chosen, CHANGE, HistoryNote.HIDDEN)
        text = ngettext("%(n)s image is hidden now.", "%(n)s images are hidden now.", len(chosen))
        self.message_user(request, text % {"n": len(chosen)}, messages.SUCCESS, "images_hidden")

    @admin.action(description=gettext_lazy("Show selected images again"), permissions=["change"])
    def unhide_selected(self, request: HttpRequest, queryset: QuerySet[Image]) -> None:
        chosen = list(queryset.filter(hidden=True))
        visibility.unhide([image.pk for image in chosen], request.user)
        note(request, chosen, CHANGE, HistoryNote.SHOWN)
        text = ngettext("%(n)s image is shown again.", "%(n)s images are shown again.", len(chosen))
        self.message_user(request, text % {"n": len(chosen)}, messages.SUCCESS, "images_shown")

    @admin.action(description=gettext_lazy("Try refused files again"), permissions=["change"])
    def retry_refused(self, request: HttpRequest, queryset: QuerySet[Image]) -> None:
        kinds = [store.retry_refused(image).kind for image in queryset.filter(status=Image.Status.REFUSED)]
        num_stored, num_refused = kinds.count("stored"), kinds.count("refused")
        text = _("%(stored)s of %(all)s refused files are decoded now; the rest is refused as before.")
        level = messages.WARNING if num_refused else messages.SUCCESS
        self.message_user(request, text % {"stored": num_stored, "all": len(kinds)}, level, "files_tried_again")


@admin.register(Collection)
class CollectionAdmin(AuditedAdmin, BaseCollectionAdmin):
    """Collections; deleting one leaves its images."""

    logged_as = Action.COLLECTION

    list_display = ["name", "private", "num_images", "created_at"]
    list_filter = ["private"]
    search_fields = ["name", "description"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Collection]:
        found: QuerySet[Collection] = super().get_queryset(request)
        return found.annotate(num_images=Count("images"))

    @admin.display(description=gettext_lazy("images"), ordering="num_images")
    def num_images(self, collection: Any) -> SafeString:
        return images_link("collections__id__exact", collection)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Deletion:
        return summarize_deletion(objs, self.has_delete_permission(request), _dissolution_line)


def _dissolution_line(collection: Collection) -> str:
    """Return a collection as the page names it that asks whether to delete, with what would be out of sight then."""
    number = only_here(collection).count()
    text = ngettext(
        "%(name)s: %(n)d image is in no other collection and not in the common library; only admins would see it",
        "%(name)s: %(n)d images are in no other collection and not in the common library; only admins would see them",
        number,
    )
    return text % {"name": collection, "n": number} if number else str(collection)


@admin.register(Tag)
class TagAdmin(AuditedAdmin, BaseTagAdmin):
    """Tags; deleting one takes it off its images."""

    logged_as = Action.EDIT

    list_display = ["name", "num_images"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        found: QuerySet[Tag] = super().get_queryset(request)
        return found.annotate(num_images=Count("images"))

    @admin.display(description=gettext_lazy("images"), ordering="num_images")
    def num_images(self, tag: Any) -> SafeString:
        return images_link("tags__id__exact", tag)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Deletion:
        return summarize_deletion(objs, self.has_delete_permission(request), str)


def images_link(parameter: str, holder: Any) -> SafeString:
    """Return the number of images of a collection or tag, linked to the list of them."""
    address = reverse("admin:gallery_image_changelist", query={parameter: holder.pk})
    return format_html('<a href="{}">{}</a>', address, holder.num_images)

"""Every address of the site: the pages that people see, who sees them, and what the other addresses answer with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

Things = dict[str, Any]
"""What `tests.browser.site_setup` made."""
Steps = Callable[[Page], None]


def none(_things: Things) -> list[Any]:
    return []


def of(*names: str) -> Callable[[Things], list[Any]]:
    """Return the arguments of an address that are these things."""
    return lambda things: [things[name] for name in names]


@dataclass(frozen=True, slots=True)
class Shown:
    """A page as somebody sees it.

    Attributes
    ----------
    name : of its address
    who : an account of the site, empty: nobody
    args : returns the arguments of the address
    query : what follows it, with a leading question mark
    steps : what is done on the page before it is looked at
    variant : tells it from another page at the same address
    """

    name: str
    who: str = "vera"
    args: Callable[[Things], list[Any]] = none
    query: str = ""
    steps: Steps | None = None
    variant: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.variant}".strip()


def open_all(page: Page) -> None:
    """Unfold everything that is folded."""
    page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")


def select_two(page: Page) -> None:
    """Select two images of the gallery."""
    for place in range(2):
        page.locator(".tile input[type=checkbox]").nth(place).check(force=True)


def press(name: str, *, check: str = "", fill: tuple[str, str] = ("", "")) -> Steps:
    """Return the steps to a page that a form answers with: tick a box, fill a field, press a button."""

    def steps(page: Page) -> None:
        if check:
            page.locator(check).first.check(force=True)
        if fill[0]:
            page.locator(fill[0]).fill(fill[1])
        with page.expect_navigation():
            page.locator("main").get_by_role("button", name=name).first.click()

    return steps


PAGES = [
    # Gallery
    Shown("gallery:index"),
    Shown("gallery:index", "ada", steps=select_two, variant="with a selection"),
    Shown("gallery:index", query="?q=nothing-like-it", variant="without images"),
    Shown("gallery:upload", "carl"),
    Shown("gallery:image", args=of("first")),
    Shown("gallery:image", "ada", of("first"), variant="as an admin"),
    Shown("gallery:image", "ada", of("hidden"), variant="hidden"),
    Shown("gallery:edit_image", "carl", of("first")),
    Shown("gallery:bulk_edit", "carl", query="?image=1&image=2"),
    Shown(
        "gallery:bulk_edit",
        "carl",
        query="?image=1&image=2",
        steps=press("Show what would happen", fill=("#add-tags", "seen")),
        variant="preview",
    ),
    Shown("gallery:trash", "carl"),
    Shown("gallery:trash", "ada", steps=press("Delete now", check=".trash input"), variant="before deleting"),
    Shown("gallery:collections"),
    Shown("gallery:new_collection", "carl"),
    Shown("gallery:collection", args=of("collection")),
    Shown("gallery:collection", "ada", of("private"), variant="private"),
    Shown("gallery:collection_settings", "ada", of("private")),
    Shown("gallery:dissolve_collection", "ada", of("private")),
    Shown("gallery:members", "ada", of("private")),
    Shown("gallery:people", "ada"),
    Shown("gallery:people", "ada", query="?q=vera", steps=press("Password link"), variant="with a link"),
    Shown("gallery:invite", "ada"),
    # Search
    Shown("search:results", variant="to begin with"),
    Shown("search:results", query="?image=1&k=12", steps=open_all, variant="with an answer"),
    Shown("search:results", "rita", query="?image=1&k=4&view=list", variant="as a list"),
    Shown("search:status"),
    Shown("search:status", "ada", variant="as an admin"),
    Shown("search:lab", "carl", steps=open_all),
    Shown("search:weights", "carl", steps=open_all),
    Shown("search:map"),
    Shown("search:collection_weights", "ada", of("collection")),
    # Review
    Shown("review:queues", "rita", steps=open_all),
    Shown("review:queue", "rita", of("queue")),
    Shown("review:queue", "ruth", of("blind"), variant="blind"),
    Shown("review:queue_report", "rita", of("queue")),
    Shown("review:policy", "ada", of("private")),
    Shown("review:compare", "rita", of("first", "second"), steps=open_all),
    Shown("review:compare", "vera", of("first", "third"), variant="as a viewer"),
    Shown("review:duplicates", "carl", steps=open_all),
    Shown(
        "review:duplicates",
        "carl",
        query="?tier=3",
        steps=press("Keep all…", check=".group-select input"),
        variant="plan",
    ),
    Shown("review:duplicates", "carl", query="?tier=1", steps=press("Keep all…"), variant="without a choice"),
    Shown("review:verdicts", "rita", steps=open_all),
    Shown("review:pair", "rita", lambda things: things["sums"]),
    Shown("review:records", "rita"),
    Shown("review:record", "rita", of("record"), steps=open_all),
    Shown("review:audit", "ada", steps=open_all),
    # Accounts
    Shown("account_login", ""),
    Shown("account_signup", ""),
    Shown("account_inactive", ""),
    Shown("account_reset_password", ""),
    Shown("account_reset_password_done", ""),
    Shown("account_reset_password_from_key_done", ""),
    Shown("account_reset_password_from_key", "", lambda _things: ["1", "not-a-key"]),
    Shown("account_email_verification_sent", ""),
    Shown("account_confirm_email", "", lambda _things: ["not-a-key"]),
    Shown("account_logout"),
    Shown("account_email"),
    Shown("account_change_password"),
    Shown("account_reauthenticate"),
    Shown("mfa_index"),
    Shown("socialaccount_login_cancelled", ""),
    Shown("socialaccount_login_error", ""),
    Shown("socialaccount_connections"),
]

PART = "a part of a page"
ACT = "an act, after which a page follows"
BYTES = "bytes, or data for scripts"
ELSEWHERE = "leads on to another page, or needs a state that its own test makes"
NOT_PAGES = {
    PART: [
        "search:banner",
        "search:feature_status",
        "search:lab_progress",
        "search:map_card",
        "search:map_state",
        "search:map_tiles",
        "search:query_status",
        "search:strip",
        "search:weights_progress",
        "review:compare_closely",
        "review:compare_places",
        "review:duplicates_progress",
        "review:queue_turn",
        "review:queues_progress",
    ],
    ACT: [
        "gallery:curate",
        "gallery:merge",
        "gallery:password_link",
        "gallery:person_active",
        "gallery:person_role",
        "gallery:undo",
        "search:lab_retry",
        "search:lab_start",
        "search:lab_stop",
        "search:map_draw",
        "search:query_retry",
        "search:rebuild",
        "search:retry",
        "search:upload",
        "search:weights_learn",
        "search:weights_reset",
        "search:weights_retry",
        "search:weights_use",
        "review:audit_check",
        "review:compare_again",
        "review:decide",
        "review:duplicates_apply",
        "review:duplicates_decide",
        "review:duplicates_plan",
        "review:duplicates_retry",
        "review:duplicates_scan",
        "review:duplicates_undo",
        "review:queue_change",
        "review:queue_decide",
        "review:queue_make",
        "review:queue_stop",
        "review:queue_undo",
        "review:record_search",
        "review:undo",
    ],
    BYTES: [
        "gallery:livez",
        "gallery:media",
        "gallery:original",
        "search:map_points",
        "search:map_sprites",
        "search:query_preview",
        "search:readyz",
        "review:audit_export",
        "review:compare_difference",
        "review:queue_export",
        "review:record_export",
        "review:verdicts_export",
        "mfa_download_recovery_codes",
    ],
    ELSEWHERE: [
        "account_confirm_login_code",
        "account_set_password",
        "mfa_activate_totp",
        "mfa_authenticate",
        "mfa_deactivate_totp",
        "mfa_generate_recovery_codes",
        "mfa_reauthenticate",
        "mfa_view_recovery_codes",
        "openid_connect_callback",
        "openid_connect_login",
        "socialaccount_signup",
    ],
}

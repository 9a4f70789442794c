"""Two people at one queue, each in their own browser: never the same pair, blind to each other; a third decides."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.sites import Site

OpenPage = Callable[..., Page]
SECRET = "The stamp in the corner."


def pair(page: Page) -> str:
    """Return the number of the pair that a page shows."""
    turn = page.locator(".turn")
    expect(turn).to_be_visible()
    return str(turn.get_attribute("data-pair"))


def decide(page: Page, name: str, note: str = "") -> None:
    """Press a verdict, and wait until the server has it and the page has gone on."""
    before = pair(page)
    if note:
        page.locator(".turn textarea").fill(note)
    with page.expect_response("**/decide/") as answer:
        page.locator(".turn").get_by_role("button", name=name).click()
    assert answer.value.ok
    expect(page.locator(f'.turn[data-pair="{before}"]')).to_have_count(0)


def test_nobody_gets_the_pair_of_another(open_as: OpenPage, team_site: Site) -> None:
    queue = team_site.call("make_queue", "One reader each", 6)
    rita, ruth = (open_as(name, f"/review/queues/{queue}/") for name in ("rita", "ruth"))
    seen: dict[str, str] = {}
    for _round in range(3):
        for name, page in (("rita", rita), ("ruth", ruth)):
            assert seen.setdefault(pair(page), name) == name
        assert pair(rita) != pair(ruth)
        decide(rita, "related")
        decide(ruth, "related")
    assert len(seen) == 6
    for page in (rita, ruth):
        expect(page.locator("[data-end]")).to_be_visible()
    readings = team_site.sql(
        "SELECT count(*), count(DISTINCT pair_id), count(DISTINCT reader_id) FROM review_reading JOIN review_queuedpair"
        " ON pair_id = review_queuedpair.id WHERE queue_id = ? AND review_reading.decided_at IS NOT NULL",
        queue,
    )
    assert readings == [(6, 6, 2)]


def test_two_read_blind_and_a_third_decides(open_as: OpenPage, team_site: Site) -> None:
    queue = team_site.call("make_queue", "Two readers", 1, two_readers=True)
    address = f"/review/queues/{queue}/"
    rita, ruth, nora = (open_as(name, "/") for name in ("rita", "ruth", "nora"))
    rita.goto(address)
    compared = str(rita.locator("[data-compare]").get_attribute("href"))
    decide(rita, "same", SECRET)

    ruth.goto(address)
    for place in (address, compared, "/review/verdicts/"):
        ruth.goto(place)
        expect(ruth.get_by_role("heading", level=1)).to_be_visible()
        assert SECRET not in ruth.content()
    ruth.goto(address)
    decide(ruth, "different")
    expect(ruth.locator("[data-end]")).to_contain_text("its readers disagree")

    rita.goto(address)
    expect(rita.locator("[data-end]")).to_be_visible()  # who has read a pair does not adjudicate it
    nora.goto(address)
    opinions = nora.locator(".turn-opinions")
    expect(opinions).to_contain_text(SECRET)
    expect(opinions).to_contain_text("rita")
    expect(opinions).to_contain_text("ruth")
    decide(nora, "near duplicate")

    nora.goto(f"{address}report/")
    expect(nora.locator("main")).to_contain_text("kappa")
    ruth.goto(compared)
    expect(ruth.locator("main")).to_contain_text(SECRET)
    assert team_site.sql("SELECT state FROM review_queuedpair WHERE queue_id = ?", queue) == [("decided",)]


def test_a_pair_whose_time_is_over_goes_to_another_and_the_late_verdict_is_kept(
    open_as: OpenPage, team_site: Site
) -> None:
    queue = team_site.call("make_queue", "Left lying", 1)
    address = f"/review/queues/{queue}/"
    rita, ruth = (open_as(name, "/") for name in ("rita", "ruth"))
    rita.goto(address)
    held = pair(rita)
    ruth.goto(address)
    expect(ruth.locator("[data-end]")).to_contain_text("in other hands")
    assert team_site.call("let_leases_end", queue) == 1
    ruth.goto(address)
    assert pair(ruth) == held
    decide(ruth, "same")

    verdicts = "SELECT count(*) FROM review_verdict"
    ((before,),) = team_site.sql(verdicts)
    rita.locator(".turn").get_by_role("button", name="unsure").click()
    expect(rita.locator("#said")).to_contain_text("kept")
    ((after,),) = team_site.sql(verdicts)
    assert after == before + 1

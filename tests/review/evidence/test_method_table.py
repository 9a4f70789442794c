"""The table of what each method said of a pair."""

from __future__ import annotations

from review.evidence.numbers import method_rows
from review.templatetags.evidence import method_table

SAID = {"raw": 0.5, "rarity": 0.5, "one_in": 1000.0, "weight": 0.4, "share": 0.75}


def test_nothing_where_no_method_is_known() -> None:
    assert method_table([]) == ""


def test_a_line_for_each_method_with_its_six_cells() -> None:
    shown = method_table(method_rows({"color": SAID, "deep": SAID}, {"color": "hsv-3"}))
    head, *lines = shown.split("<tr>")[1:]
    assert [line.count("<td") + line.count("<th") for line in (head, *lines)] == [6, 6, 6]
    assert all(text in lines[0] for text in ("0.5000", "1,000", "0.40", "75 %", ">hsv-3<"))


def test_why_a_method_said_nothing_takes_the_place_of_its_numbers() -> None:
    shown = method_table(method_rows({"color": {"weight": 0.4, "missing": "damaged"}}, {}))
    assert '<td colspan="2">damaged</td><td>0.40</td><td></td>' in shown


def test_what_imported_files_hold_stays_text() -> None:
    shown = method_table(method_rows({"<b>": {"missing": "<i>"}}, {"<b>": "<u>"}))
    assert not any(tag in shown for tag in ("<b>", "<i>", "<u>"))
    assert all(text in shown for text in ("&lt;b&gt;", "&lt;i&gt;", "&lt;u&gt;"))

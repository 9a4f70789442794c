from __future__ import annotations

from gallery.batches import BATCH, batches


def test_items_keep_their_order_and_none_is_lost() -> None:
    assert list(batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(batches([])) == []


def test_a_batch_stays_within_what_one_statement_may_name() -> None:
    assert [len(part) for part in batches(range(2 * BATCH + 1))] == [BATCH, BATCH, 1]


def test_what_can_be_read_only_once_is_cut_too() -> None:
    assert list(batches(iter("abc"), 2)) == [["a", "b"], ["c"]]

"""Paging: a cursor leads to the next page, and rubbish is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.paging import cut, read_cursor, write_cursor
from foundation.refusals import Invalid


@given(st.lists(st.one_of(st.integers(), st.text(), st.none())))
def test_a_cursor_reads_back(key: list[object]) -> None:
    assert read_cursor(write_cursor(key)) == key


@given(st.text(max_size=40))
def test_rubbish_is_refused_or_a_list(text: str) -> None:
    with contextlib.suppress(Invalid):
        assert isinstance(read_cursor(text), list)


def test_a_page_says_where_the_next_begins() -> None:
    page = cut([1, 2, 3], 2, lambda number: [number])
    assert page.items == [1, 2]
    assert page.next is not None
    assert read_cursor(page.next) == [2]
    assert cut([1, 2], 2, lambda number: [number]).next is None


def test_a_cursor_that_is_no_list_is_refused() -> None:
    with pytest.raises(Invalid):
        read_cursor("e30")

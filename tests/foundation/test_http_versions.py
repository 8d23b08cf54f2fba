"""If-Match: which version an edit is of."""

import pytest

from foundation.http import etag_of, version_in
from foundation.refusals import Stale, Unconditional


def test_a_version_comes_back_as_it_was_given() -> None:
    assert version_in(etag_of(7)) == 7
    assert version_in("*") is None


@pytest.mark.parametrize("tag", ['W/"7"', "7", '"', '"x"', '""', '"7", "8"', '"99999999999"', '"٣"'])
def test_what_is_no_tag_of_ours_is_of_another_version(tag: str) -> None:
    with pytest.raises(Stale):
        version_in(tag)


def test_an_edit_says_what_it_edits() -> None:
    with pytest.raises(Unconditional):
        version_in(None)

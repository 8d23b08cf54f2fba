"""The words of a repair: every state and step has the owner's and the workshop's own, and none is for the other."""

import re

from aftersales.cases import OTHER_STEPS, STEPS, RepairOrderState
from forecourt.pages import labels, repair_labels


def test_every_state_and_step_is_told_to_both_sides() -> None:
    assert set(labels.ORDER) == set(repair_labels.STATE) == set(RepairOrderState)
    assert set(repair_labels.TAKEN) == {*STEPS, *OTHER_STEPS}
    assert set(repair_labels.ACT) == set(STEPS)


def test_the_workshop_is_not_spoken_to_as_the_owner() -> None:
    said = [*(words for words, _ in repair_labels.STATE.values()), *repair_labels.TAKEN.values()]
    assert [words for words in (*said, *repair_labels.ACT.values()) if re.search(r"\byours?\b", words)] == []
    assert [words for words, _ in labels.ORDER.values() if "owner" in words] == []

"""A refusal as a page says it: its words in the reader's language, with the states and things that they name."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aftersales.repair.inspections import POINTS
from forecourt.pages import labels, repair_labels
from forecourt.pages.menu import N_
from forecourt.pages.refusal_words import HEADLINE, WHY
from foundation.refusals import Refusal

Translate = Callable[[str], str]
VAGUE = ("conflict", "invalid", "step_blocked")  # their reason says more than their headline, which is left out

# What a refusal names by a code of ours: words, or words and the colour of their chip.
NAMED: Mapping[str, Mapping[str, str | tuple[str, str]]] = {
    "state": repair_labels.STATE,
    "bill_state": repair_labels.BILL,
    "record_state": repair_labels.RECORD,
    "visit_state": labels.APPOINTMENT,
    "case_state": labels.CASE,
    "command_state": labels.COMMAND,
    "step": {**repair_labels.TAKEN, **repair_labels.ACT},
    "stage": repair_labels.STAGE,
    "light": repair_labels.LIGHT,
    "lacking": {
        "note": N_("a note"),
        "mileage_km": N_("the mileage"),
        "reason": N_("the reason"),
        "fee": N_("what becomes of the inspection fee"),
    },
}
POINTED = ("left", "points")  # points of an inspection have their words in the inspection's own table
COMMA = N_(", ")


def headline(translate: Translate, refusal: Refusal) -> str:
    """Say what has happened, by the code of the refusal."""
    return translate(HEADLINE[refusal.code])


def reason(translate: Translate, language: str, refusal: Refusal) -> str:
    """Say why; empty where the headline says it all."""
    if not refusal.why:
        return ""
    named = {**refusal.extra, **refusal.told}
    return translate(WHY[refusal.why]) % {name: _said(translate, language, name, named[name]) for name in named}


def _said(translate: Translate, language: str, name: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        parts: Iterable[Any] = value
        return translate(COMMA).join(_said(translate, language, name, part) for part in parts)
    if name in POINTED and value in POINTS:
        return POINTS[value].zh if language.startswith("zh") else POINTS[value].en
    words = NAMED.get(name, {}).get(value) if isinstance(value, str) else None
    if words is None:
        return str(value)
    return translate(words if isinstance(words, str) else words[0])

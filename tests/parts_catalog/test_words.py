"""Answers in words: one sentence per language for each of the five verdicts."""

import pytest

from parts_catalog.cars import ASKED
from parts_catalog.parts import FitAnswer, FitVerdict, Part
from parts_catalog.seed_rules import RULES
from parts_catalog.words import ATTRIBUTES, POSITIONS, answer_words

PART = Part("p1", "Testmark", "1", "alternator", "Alternator", "发电机")


def words(verdict: FitVerdict, question: str | None = None, *conditions: tuple[str, str]) -> tuple[str, str]:
    en, zh = tuple(pair[0] for pair in conditions), tuple(pair[1] for pair in conditions)
    return answer_words(FitAnswer(PART, verdict, 1, None, en, zh, question, ""))


@pytest.mark.parametrize("verdict", list(FitVerdict))
def test_every_verdict_is_a_sentence_in_both_languages(verdict: FitVerdict) -> None:
    en, zh = words(verdict, "build_month", ("with air conditioning", "带空调"))
    assert en.endswith(".")
    assert zh.endswith("。")


def test_a_condition_is_told() -> None:
    en, zh = words(FitVerdict.FITS_IF, None, ("with air conditioning", "带空调"), ("without hitch", "不带拖车钩"))
    assert en == "Fits your car on condition: with air conditioning; without hitch."
    assert zh == "符合以下条件时适合您的车：带空调；不带拖车钩。"


def test_the_one_question_is_asked() -> None:
    assert words(FitVerdict.DEPENDS_ON, "build_month") == (
        "It depends: please tell us the build month.",
        "需要确认：请告诉我们生产年月。",
    )


def test_whatever_the_judge_may_ask_has_words() -> None:
    assert set(ASKED) == set(ATTRIBUTES)
    assert {position for rule in RULES.values() for position in rule.positions} - {None} <= set(POSITIONS)

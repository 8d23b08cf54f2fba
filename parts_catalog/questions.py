"""The question of a fit answer, put to the owner of the car; and what he answers, written into its configuration."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from foundation.refusals import Invalid
from ingest.vehicles import VehicleConfig
from parts_catalog.cars import ASKED, code_of
from parts_catalog.parts import AnswerKind, AskOwner, Choice, FitAnswer, FitVerdict
from parts_catalog.spelling import canonical
from parts_catalog.words import question_words

_KINDS: Mapping[str, AnswerKind] = {
    "model_year": AnswerKind.YEAR,
    "build_month": AnswerKind.MONTH,
    "displacement_l": AnswerKind.NUMBER,
    "cylinders": AnswerKind.NUMBER,
    "fuel": AnswerKind.CHOICE,
    "aspiration": AnswerKind.CHOICE,
    "transmission": AnswerKind.CHOICE,
    "drive": AnswerKind.CHOICE,
    "body": AnswerKind.CHOICE,
    "region": AnswerKind.CHOICE,
}

# The words of attributes as an owner would say them: attribute -> word -> its words in both languages.
WORDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "fuel": {
        "petrol": ("petrol", "汽油"),
        "diesel": ("diesel", "柴油"),
        "hybrid": ("hybrid", "混合动力"),
        "electric": ("electric", "纯电"),
    },
    "aspiration": {
        "naturally_aspirated": ("naturally aspirated", "自然吸气"),
        "turbocharged": ("turbocharged", "涡轮增压"),
        "supercharged": ("supercharged", "机械增压"),
    },
    "transmission": {
        "manual": ("manual", "手动"),
        "automatic": ("automatic", "自动"),
        "cvt": ("CVT", "无级变速"),
        "dct": ("dual clutch", "双离合"),
        "single_speed": ("single speed", "单速"),
    },
    "drive": {
        "fwd": ("front wheels", "前驱"),
        "rwd": ("rear wheels", "后驱"),
        "awd": ("all wheels", "四驱"),
    },
    "body": {
        "sedan": ("sedan", "三厢"),
        "hatchback": ("hatchback", "两厢"),
        "wagon": ("wagon", "旅行车"),
        "suv": ("SUV", "SUV"),
        "mpv": ("MPV", "MPV"),
        "pickup": ("pickup", "皮卡"),
        "coupe": ("coupe", "跑车"),
    },
    "region": {
        "CN": ("China", "中国"),
        "EU": ("Europe", "欧洲"),
        "US": ("United States", "美国"),
        "ROW": ("rest of the world", "其他地区"),
    },
}
_YES_NO = (Choice("yes", "yes", "是"), Choice("no", "no", "否"))
NONE_OF_THEM = "0"


def question_about(answer: FitAnswer) -> AskOwner | None:
    """Give what the owner can be asked to settle an answer; None: a person must look at the car."""
    if answer.question is None:
        return None
    en, zh = question_words(answer.question)
    kind = _kind(answer)
    return AskOwner(answer.question, kind, f"Please tell us {en}", f"请告诉我们{zh}", _choices(answer, kind))


def answered(config: VehicleConfig, attribute: str, kind: AnswerKind, value: str) -> VehicleConfig:
    """Write an answer into a configuration. Raises `Invalid` for one that the question does not take."""
    value = value.strip()
    match kind:
        case AnswerKind.YES_NO:
            if value not in {"yes", "no"}:
                raise Invalid("please answer yes or no", why="please_yes_or_no")
            return replace(config, equipment={**(config.equipment or {}), attribute: value == "yes"})
        case AnswerKind.CODE:
            if not re.fullmatch(r"[0-9]{1,9}", value):
                raise Invalid("please answer with one of the codes, or 0 for none of them", why="please_choose")
            return replace(config, codes={**(config.codes or {}), code_of(attribute): int(value)})
        case _:
            return _with_attribute(config, attribute, value)


@dataclass(frozen=True, slots=True)
class _Reading:
    """How an answer about an attribute is read: what it must look like, in a pattern and in words."""

    pattern: str
    wanted: str
    read: Callable[[str], object] = str


_READINGS: Mapping[str, _Reading] = {
    "make": _Reading(r".{1,80}", "the name of the make"),
    "model_line": _Reading(r".{1,80}", "the name of the model line"),
    "model_year": _Reading(r"(19|20)[0-9]{2}", "a year, such as 2014", int),
    "build_month": _Reading(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])", "a month, such as 2014-06"),
    "displacement_l": _Reading(
        r"[0-9]{1,2}([.,][0-9]{1,3})?", "litres, such as 1.4", lambda text: float(text.replace(",", "."))
    ),
    "cylinders": _Reading(r"[1-9][0-9]?", "a number of cylinders", int),
    "engine_code": _Reading(r"(?=.*[0-9A-Za-z]).{1,80}", "the engine code"),
}


def _with_attribute(config: VehicleConfig, attribute: str, value: str) -> VehicleConfig:
    read: object
    if (reading := _READINGS.get(attribute)) is not None:
        if not re.fullmatch(reading.pattern, value, re.ASCII):
            raise Invalid(f"please answer with {reading.wanted}", why="answer_not_readable")
        read = reading.read(value)
    elif attribute not in WORDS:
        raise Invalid(f"a car has no attribute {attribute}", why="not_of_this_page")
    elif (read := canonical(attribute, value)) is None:
        raise Invalid(f"please answer with one of {', '.join(WORDS[attribute])}", why="please_choose")
    return VehicleConfig.from_json({**config.to_json(), attribute: read})


def _kind(answer: FitAnswer) -> AnswerKind:
    """Say what kind of answer settles it: of a condition whether the car has it, else an attribute or a code."""
    question = answer.question or ""
    if answer.verdict is FitVerdict.FITS_IF:
        return AnswerKind.YES_NO
    if question in ASKED:
        return _KINDS.get(question, AnswerKind.TEXT)
    return AnswerKind.CODE


def _choices(answer: FitAnswer, kind: AnswerKind) -> tuple[Choice, ...]:
    match kind:
        case AnswerKind.CHOICE:
            return tuple(Choice(value, en, zh) for value, (en, zh) in WORDS[answer.question or ""].items())
        case AnswerKind.YES_NO:
            return _YES_NO
        case AnswerKind.CODE:
            codes = tuple(Choice(value, value, value) for value in answer.choices)
            return (*codes, Choice(NONE_OF_THEM, "none of these", "都不是"))
        case AnswerKind.TEXT | AnswerKind.NUMBER:
            return tuple(Choice(value, value, value) for value in answer.choices)
        case _:
            return ()

"""The answer for one VIN: what sources claim of a field, and what is left when their claims meet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from parts_catalog.spelling import make_key, name_key
from parts_catalog.vin.signs import Regime

Value = str | int | float

# What is answered for every VIN. Those of `VehicleConfig` go by its names.
FIELDS = (
    *("maker", "make", "model_line", "model_year", "fuel", "displacement_l", "cylinders", "engine_code", "aspiration"),
    *("transmission", "drive", "body", "maker_country", "plant_country", "plant"),
)


class Certainty(StrEnum):
    """How sure a field is. `one_of` with a single candidate: likely, and to be confirmed."""

    CERTAIN = "certain"
    ONE_OF = "one_of"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source says of a field: one of the values. `decides`: a claim that may make the answer certain."""

    values: tuple[Value, ...]
    source: str
    decides: bool = True


@dataclass(frozen=True, slots=True)
class Field:
    """What is known of a field. `contradicted`: sources exclude one another, so all that they said are candidates."""

    certainty: Certainty = Certainty.UNKNOWN
    candidates: tuple[Value, ...] = ()
    sources: tuple[str, ...] = ()
    contradicted: bool = False

    @property
    def value(self) -> Value | None:
        """The value, when it is certain."""
        return self.candidates[0] if self.certainty is Certainty.CERTAIN else None


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask a person about a field; `options` is empty when nothing narrows the answer."""

    field: str
    text_en: str
    text_zh: str
    options: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about this VIN that a person should know, by rule."""

    rule: str
    text_en: str
    text_zh: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """All that a VIN tells: `fields` has every name of `FIELDS`."""

    vin: str
    regime: Regime
    check_digit: bool
    fields: Mapping[str, Field]
    questions: Sequence[Question]
    notices: Sequence[Notice]

    def to_json(self) -> dict[str, Any]:
        return {
            "vin": self.vin,
            "wmi": self.vin[:3],
            "standard": self.regime.value,
            "check_digit_agrees": self.check_digit,
            "fields": {
                name: {
                    "certainty": field.certainty.value,
                    "value": field.value,
                    "candidates": list(field.candidates),
                    "sources": list(field.sources),
                }
                for name, field in self.fields.items()
            },
            "questions": [
                {"field": one.field, "text_en": one.text_en, "text_zh": one.text_zh, "options": list(one.options)}
                for one in self.questions
            ],
            "notices": [{"rule": one.rule, "text_en": one.text_en, "text_zh": one.text_zh} for one in self.notices],
        }


def settle(name: str, claims: Iterable[Claim]) -> Field:
    """Settle a field: certain is the one value that all deciding claims allow, unless another claim excludes it.

    Claims that do not decide put their candidates first, and stand alone where nobody decides. Sources that exclude
    one another leave all that they said as candidates.
    """
    told = [claim for claim in claims if claim.values]
    if not told:
        return Field()
    sources = tuple(dict.fromkeys(claim.source for claim in told))
    spelled = {_key(name, value): value for claim in reversed(told) for value in claim.values}
    firm = _meet(name, (claim for claim in told if claim.decides))
    soft = _meet(name, (claim for claim in told if not claim.decides))
    if firm == () or soft == () or (firm and soft and not set(firm) & set(soft)):
        everything = dict.fromkeys(_key(name, value) for claim in told for value in claim.values)
        return Field(Certainty.ONE_OF, tuple(spelled[key] for key in everything), sources, contradicted=True)
    if firm is None:
        return Field(Certainty.ONE_OF, tuple(spelled[key] for key in soft or ()), sources)
    left = sorted(firm, key=lambda key: key not in (soft or ()))
    return Field(
        Certainty.CERTAIN if len(left) == 1 else Certainty.ONE_OF, tuple(spelled[key] for key in left), sources
    )


def _meet(name: str, claims: Iterable[Claim]) -> tuple[str, ...] | None:
    """Give the keys that all claims allow, in the first one's order; None without a claim, empty in contradiction."""
    met: tuple[str, ...] | None = None
    for claim in claims:
        keys = tuple(dict.fromkeys(_key(name, value) for value in claim.values))
        met = keys if met is None else tuple(key for key in met if key in keys)
    return met


def _key(name: str, value: Value) -> str:
    if isinstance(value, str):
        return make_key(value) if name == "make" else name_key(value) or value
    return f"{value:.1f}"

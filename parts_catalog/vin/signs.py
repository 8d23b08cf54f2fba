"""The signs of a VIN: which texts are none, the check digit, and the standard that its first sign stands under."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from foundation.refusals import Invalid

LENGTH = 17
_SIGNS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
# 49 CFR 565.15, tables III and IV; GB 16735 took both over.
_VALUES = dict(
    zip(_SIGNS, (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10), *range(10)), strict=True),
)
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


class NotAVin(Invalid):
    """The text cannot be a VIN. `rule` says why: `length`, `sign` (with its `position`, from 1) or `check_digit`."""

    def __init__(self, detail: str, rule: Literal["length", "sign", "check_digit"], **extra: Any) -> None:
        super().__init__(detail, why="no_vin", rule=rule, **extra)


class Regime(StrEnum):
    """Whose rules the signs follow. Elsewhere, positions 9 and 10 are the maker's own unless he says otherwise."""

    CHINA = "china"  # GB 16735
    NORTH_AMERICA = "north_america"  # 49 CFR 565 and what Canada and Mexico took over from it
    ELSEWHERE = "elsewhere"  # ISO 3779


@dataclass(frozen=True, slots=True)
class Vin:
    """Seventeen signs that can be a VIN. `checked`: whether the check digit agrees; where it must, it does."""

    text: str
    regime: Regime
    checked: bool

    @property
    def wmi(self) -> str:
        return self.text[:3]

    @property
    def of_the_us(self) -> bool:
        return _of_the_us(self.text)


def read_vin(text: str) -> Vin:
    """Read a VIN, in capital or small letters. Nothing is trimmed, padded or corrected; what is no VIN is `NotAVin`."""
    if len(text) != LENGTH:
        raise NotAVin(f"a VIN has {LENGTH} signs, this text has {len(text)}", "length")
    for position, sign in enumerate(text, 1):
        if not sign.isascii() or sign.upper() not in _VALUES:
            why = "I, O and Q are in no VIN" if sign in "IOQioq" else "a VIN is made of letters and digits"
            raise NotAVin(f"{sign!r} at position {position} cannot be: {why}", "sign", position=position)
    vin = text.upper()
    checked = vin[8] == check_digit(vin)
    if not checked and vin[0] in "L12345":
        raise NotAVin("the check digit at position 9 does not agree with the rest: type the VIN again", "check_digit")
    return Vin(vin, _regime(vin), checked)


def check_digit(vin: str) -> str:
    """Give the sign that belongs at position 9, whatever stands there. To check with, never to correct by."""
    left = sum(_VALUES[sign] * weight for sign, weight in zip(vin, _WEIGHTS, strict=True)) % 11
    return "X" if left == 10 else str(left)


def _regime(vin: str) -> Regime:
    if vin[0] == "L":
        return Regime.CHINA
    return Regime.NORTH_AMERICA if vin[0] in "23" or _of_the_us(vin) else Regime.ELSEWHERE


def _of_the_us(vin: str) -> bool:
    """ISO 3780 gives the United States 1, 4 and 5, and of 7 what New Zealand (7A-7E) has not."""
    return vin[0] in "145" or (vin[0] == "7" and vin[1] not in "ABCDE")

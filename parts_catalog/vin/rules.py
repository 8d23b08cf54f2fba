"""The rule tables: a maker's code and, behind it, a pattern over the signs that follow, say what the car is.

The user's rules come before the shipped ones, field by field; among them, the rule that fixes most signs. A rule may
give several values, `Buick|Chevrolet|Cadillac`: then each is a candidate. Rules that fix as many signs are all heard.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from parts_catalog.vin.answers import Claim, Value
from parts_catalog.vin.signs import Vin

_SIGN = "[A-HJ-NPR-Z0-9]"
WMI = re.compile(rf"{_SIGN}{{3}}")
# From position 4 on: a sign, `?` for any, or `[ABC]` for one of these.
PATTERN = re.compile(rf"(?:{_SIGN}|\?|\[{_SIGN}+\]){{0,14}}")
# One of them at a time.
SIGNS = re.compile(r"\[[^\]]+\]|.")
NUMBERS: Mapping[str, type[int] | type[float]] = {"displacement_l": float, "cylinders": int}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a VIN with this code and pattern tells, in the years given; `fields` holds one or several values each."""

    wmi: str
    pattern: str
    year_from: int | None
    year_to: int | None
    fields: Mapping[str, tuple[Value, ...]]
    source: str
    shipped: bool = False

    @property
    def fixed(self) -> int:
        """How many signs the pattern fixes."""
        return sum(sign != "?" for sign in SIGNS.findall(self.pattern))

    def matches(self, vin: Vin) -> bool:
        return vin.wmi == self.wmi and _compiled(self.pattern).match(vin.text, 3) is not None

    def covers(self, year: int) -> bool:
        return (self.year_from or 0) <= year <= (self.year_to or 9999)

    @property
    def dated(self) -> bool:
        return self.year_from is not None or self.year_to is not None


@cache
def shipped_rules() -> Mapping[str, Sequence[Rule]]:
    """Give the shipped table by maker's code; each row names the public source that states it."""
    table = files(__package__).joinpath("makers.csv").read_text(encoding="utf-8")
    rules: dict[str, list[Rule]] = {}
    for row in csv.DictReader(table.splitlines()):
        fields = {name: split(row[name]) for name in ("maker", "make") if row[name]}
        first = int(row["year_from"]) if row["year_from"] else None
        rules.setdefault(row["wmi"], []).append(Rule(row["wmi"], "", first, None, fields, row["source"], shipped=True))
    return rules


def split(cell: str) -> tuple[str, ...]:
    """Read the values of a cell, `Buick|Chevrolet`."""
    return tuple(dict.fromkeys(value for value in (one.strip() for one in cell.split("|")) if value))


def matching(vin: Vin, of_the_user: Iterable[Rule]) -> list[Rule]:
    """Give the rules that speak of this VIN, the user's and the shipped ones."""
    return [rule for rule in (*of_the_user, *shipped_rules().get(vin.wmi, ())) if rule.matches(vin)]


def year_claim(rules: Sequence[Rule], years: Sequence[int]) -> Claim:
    """Give those of the years in which this maker's code was in use, when all rules of the code alone are dated."""
    alone = [rule for rule in rules if not rule.pattern]
    alone = [rule for rule in alone if not rule.shipped] or alone
    if not alone or not all(rule.dated for rule in alone):
        return Claim((), "")
    return Claim(
        tuple(year for year in years if any(rule.covers(year) for rule in alone)),
        "; ".join(dict.fromkeys(rule.source for rule in alone)),
    )


def rule_claims(rules: Sequence[Rule], years: Sequence[int]) -> dict[str, Claim]:
    """Give what the rules claim of each field for a car of one of these years; without years, dated rules may apply.

    A field that the rules leave open for one of the years, or say by a dated rule of an unknown year, is not decided.
    """
    names = dict.fromkeys(name for rule in rules for name in rule.fields)
    return {name: claim for name in names if (claim := _claim(name, rules, years)).values}


def _claim(name: str, rules: Sequence[Rule], years: Sequence[int]) -> Claim:
    heard = [_heard(name, rules, year) for year in years] if years else [_heard(name, rules, None)]
    spoken = list(dict.fromkeys((rule.wmi, rule.pattern, rule.year_from, rule.source) for one in heard for rule in one))
    values = dict.fromkeys(value for one in heard for rule in one for value in rule.fields[name])
    unsure = not all(heard) or (not years and any(rule.dated for rule in heard[0]))
    return Claim(tuple(values), "; ".join(dict.fromkeys(source for *_, source in spoken)), decides=not unsure)


def _heard(name: str, rules: Sequence[Rule], year: int | None) -> list[Rule]:
    """Give the rules of one field that outrank the others for a car of this year."""
    stating = [rule for rule in rules if name in rule.fields and (year is None or rule.covers(year))]
    stating = [rule for rule in stating if not rule.shipped] or stating
    return [rule for rule in stating if rule.fixed == max(one.fixed for one in stating)]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("?", "."))

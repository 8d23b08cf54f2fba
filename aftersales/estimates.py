"""Estimates: labour and parts as separate lines, each in its settlement group from the start, hashed as shown."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Row, func, select, update

from aftersales.cases import SETTLEMENT_GROUP_EN, SettlementGroup
from aftersales.operations import Operation
from aftersales.tables import estimate_lines, estimates
from aftersales.visits.parts_choice import ChosenPart
from aftersales.workshop.workshops import Workshop
from foundation.database import UnitOfWork, new_id
from foundation.money import Money

Line = Row[Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """A line before it has an id. `hundredths` is the quantity times 100; `unit_net` in minor units."""

    kind: str
    settlement_group: SettlementGroup
    text_en: str
    text_zh: str
    hundredths: int
    unit_net: int
    tax_basis_points: int
    required: bool
    evidence: dict[str, Any]
    operation: str | None = None
    part: str | None = None
    part_type: str | None = None
    part_location: str | None = None
    borne_by: str | None = None
    supplier: str | None = None

    @property
    def hash(self) -> str:
        """The digest of exactly what the owner is shown; any change of it voids an approval."""
        # Lines from before there were these two were approved without them.
        new = {name for name in ("borne_by", "supplier") if getattr(self, name) is None}
        told = {name: value for name, value in asdict(self).items() if name not in new}
        shown = json.dumps(told, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(shown.encode()).hexdigest()


def labour(workshop: Workshop, operation: Operation, evidence: dict[str, Any]) -> Draft:
    return Draft(
        kind="labour",
        settlement_group=operation.group,
        text_en=operation.en,
        text_zh=operation.zh,
        hundredths=operation.hours_hundredths,
        unit_net=workshop.labour_rate,
        tax_basis_points=workshop.tax_basis_points,
        required=True,
        evidence=evidence,
        operation=operation.code,
    )


def material(chosen: ChosenPart) -> Draft:
    part = chosen.answer.part
    named = f"{part.brand} {part.number}"
    fit = {
        "fit": chosen.answer.verdict.value,
        "position": chosen.answer.position,
        "source": chosen.answer.source,
        "brand": part.brand,
        "number": part.number,
    }
    return Draft(
        kind="part",
        settlement_group=SettlementGroup.MATERIAL,
        text_en=f"{part.name_en} ({named})",
        text_zh=f"{part.name_zh}（{named}）",
        hundredths=chosen.quantity * 100,
        unit_net=chosen.price.net.amount,
        tax_basis_points=chosen.price.tax_basis_points,
        required=chosen.need.required,
        evidence=fit,
        part=part.id,
        part_type=part.part_type,
        part_location=chosen.location,
    )


def write_estimate(unit: UnitOfWork, case: Row[Any], workshop: Workshop, drafts: Sequence[Draft]) -> str:
    """Store an estimate of the case at a workshop; gives its id."""
    estimate = new_id("est")
    unit.connection.execute(
        estimates.insert().values(
            id=estimate,
            organisation=case.organisation,
            case=case.id,
            workshop=workshop.id,
            currency=workshop.currency,
            created_at=unit.now(),
        )
    )
    _insert_lines(unit, estimate, case.organisation, 1, drafts)
    return estimate


def add_lines(unit: UnitOfWork, estimate: str, organisation: str, drafts: Sequence[Draft]) -> list[str]:
    """Append lines behind those that are there; gives their ids."""
    highest = select(func.coalesce(func.max(estimate_lines.c.position), 0)).where(estimate_lines.c.estimate == estimate)
    first = unit.connection.execute(highest).scalar_one() + 1
    return _insert_lines(unit, estimate, organisation, first, drafts)


def _insert_lines(unit: UnitOfWork, estimate: str, organisation: str, first: int, drafts: Sequence[Draft]) -> list[str]:
    rows = [
        {
            **asdict(draft),
            "id": new_id("line"),
            "organisation": organisation,
            "estimate": estimate,
            "position": first + number,
            "issued": 0,
            "hash": draft.hash,
        }
        for number, draft in enumerate(drafts)
    ]
    unit.rows(_INSERT_LINES, {"rows": Jsonb(rows)})
    return [row["id"] for row in rows]


_INSERT_LINES = """
    INSERT INTO estimate_lines SELECT * FROM jsonb_populate_recordset(CAST(NULL AS estimate_lines), %(rows)s)
"""


def change_line(unit: UnitOfWork, line: Line, **changes: Any) -> str:
    """Show a line otherwise from now on; gives its new hash, by which no decision on the old one counts."""
    draft = Draft(**{one.name: getattr(line, one.name) for one in fields(Draft)})
    digest = replace(draft, **changes).hash
    here = estimate_lines.c.id == line.id
    unit.connection.execute(update(estimate_lines).where(here).values(**changes, hash=digest))
    return digest


def lines_of(unit: UnitOfWork, wanted: Collection[str]) -> dict[str, list[Line]]:
    """Give the lines of estimates, in order, by estimate."""
    found: defaultdict[str, list[Line]] = defaultdict(list)
    chosen = select(estimate_lines).where(estimate_lines.c.estimate.in_(wanted))
    for row in unit.connection.execute(chosen.order_by(estimate_lines.c.estimate, estimate_lines.c.position)):
        found[row.estimate].append(row)
    return found


def amounts(line: Line, currency: str) -> tuple[Money, Money]:
    """Give what the owner pays for a line, net and tax, each rounded once to the minor unit; sums are sums of these."""
    if line.borne_by is not None:
        return Money(0, currency), Money(0, currency)
    net = Money(line.unit_net, currency).times(line.hundredths, 100)
    return net, net.times(line.tax_basis_points, 10_000)


def line_view(line: Line, currency: str) -> dict[str, Any]:
    net, tax = amounts(line, currency)
    group = SettlementGroup(line.settlement_group)
    return {
        "id": line.id,
        "kind": line.kind,
        "group": group.value,
        "group_en": SETTLEMENT_GROUP_EN[group],
        "operation": line.operation,
        "part": line.part,
        "part_type": line.part_type,
        "text_en": line.text_en,
        "text_zh": line.text_zh,
        "quantity": line.hundredths // 100 if line.hundredths % 100 == 0 else line.hundredths / 100,
        "unit": "h" if line.kind == "labour" else "piece",
        "unit_price": Money(line.unit_net, currency).to_json(),
        "tax_basis_points": line.tax_basis_points,
        "net": net.to_json(),
        "tax": tax.to_json(),
        "gross": (net + tax).to_json(),
        "required": line.required,
        "borne_by": line.borne_by,
        "supplier": line.supplier,
        "issued": line.issued,
        "returned": line.returned_at is not None,
        "evidence": line.evidence,
        "hash": line.hash,
    }


def totals(lines: Iterable[Line], currency: str) -> dict[str, Any]:
    """Give net, tax and gross over the lines as JSON."""
    net = tax = Money(0, currency)
    for line in lines:
        line_net, line_tax = amounts(line, currency)
        net, tax = net + line_net, tax + line_tax
    return {"net": net.to_json(), "tax": tax.to_json(), "gross": (net + tax).to_json()}

"""The contract of a finding: which fault, how sure, how soon, and why."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Urgency(StrEnum):
    """How soon the car must be seen (faults.md A2)."""

    S0 = "S0"  # stop
    S1 = "S1"  # within 3 days or 150 km
    S2 = "S2"  # within 14 days or 1,000 km
    S3 = "S3"  # at the next service


URGENCY_TEXT: Mapping[Urgency, tuple[str, str, int]] = {
    # urgency: (en, zh, latest day of the workshop visit counted from the finding)
    Urgency.S0: ("Stop the car", "请立即停车", 0),
    Urgency.S1: ("Within 3 days", "3天内处理", 3),
    Urgency.S2: ("Within 14 days", "14天内处理", 14),
    Urgency.S3: ("At the next service", "下次保养时处理", 90),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One measured reason: what was seen, what a healthy car of this kind shows, in `unit`, and in words."""

    residual: str
    value: float
    expected: float
    unit: str
    text_en: str
    text_zh: str


@dataclass(frozen=True, slots=True)
class Finding:
    """An alarm one would show an owner.

    `probability` is calibrated, 0..1; `severity` 0 healthy .. 1 the level at which the maker's monitor fails (may
    reach 1.5); `first_seen` is the start of the first trip that voted for it, `confirmed` the end of the trip (or the
    instant, for S0) that raised it; both aware UTC. `lead_days` are low, middle and high of the days until the car's
    own monitor would tell (90 % of intervals hold it), where the fault grows steadily enough to promise that.
    `lasting` is when its trouble showed last, None: when it was confirmed.
    """

    vehicle: str
    fault: str
    probability: float
    severity: float
    urgency: Urgency
    first_seen: datetime
    confirmed: datetime
    evidence: tuple[Evidence, ...]
    predictor: str
    id: str | None = None
    lead_days: tuple[float, float, float] | None = None
    lasting: datetime | None = None

    @property
    def last_sign(self) -> datetime:
        return self.lasting or self.confirmed

    def to_json(self) -> dict[str, Any]:
        """Give the finding as contracts.md writes it: times as RFC 3339, evidence as a list of objects."""
        document = asdict(self)
        del document["lasting"]  # it is of today, and a document stays
        document["urgency"] = self.urgency.value
        document["first_seen"] = self.first_seen.isoformat()
        document["confirmed"] = self.confirmed.isoformat()
        document["evidence"] = [asdict(reason) for reason in self.evidence]
        document["lead_days"] = list(self.lead_days) if self.lead_days else None
        return document

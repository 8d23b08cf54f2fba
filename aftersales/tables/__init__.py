"""The tables of aftersales; one file per what they are of."""

from aftersales.tables.case import (
    case_codes,
    case_findings,
    cases,
    estimate_lines,
    estimates,
)
from aftersales.tables.message import (
    consents,
    messages,
    reminders,
)
from aftersales.tables.metadata import metadata
from aftersales.tables.order import (
    approvals,
    repair_orders,
    repair_steps,
    reviews,
    settlements,
    verdicts,
)
from aftersales.tables.repair import (
    clock_entries,
    inspection_points,
    inspections,
    order_photos,
    part_returns,
    repair_findings,
)
from aftersales.tables.visit import (
    appointments,
    assistances,
    occupancies,
    vacancies,
    waits,
)
from aftersales.tables.workshop import (
    absences,
    bays,
    loaners,
    services,
    technicians,
    workshops,
)

__all__ = [
    "absences",
    "appointments",
    "approvals",
    "assistances",
    "bays",
    "case_codes",
    "case_findings",
    "cases",
    "clock_entries",
    "consents",
    "estimate_lines",
    "estimates",
    "inspection_points",
    "inspections",
    "loaners",
    "messages",
    "metadata",
    "occupancies",
    "order_photos",
    "part_returns",
    "reminders",
    "repair_findings",
    "repair_orders",
    "repair_steps",
    "reviews",
    "services",
    "settlements",
    "technicians",
    "vacancies",
    "verdicts",
    "waits",
    "workshops",
]

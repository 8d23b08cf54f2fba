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
    "consents",
    "estimate_lines",
    "estimates",
    "loaners",
    "messages",
    "metadata",
    "occupancies",
    "reminders",
    "repair_orders",
    "repair_steps",
    "reviews",
    "services",
    "settlements",
    "technicians",
    "vacancies",
    "waits",
    "workshops",
]

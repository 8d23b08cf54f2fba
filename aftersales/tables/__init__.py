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
from aftersales.tables.settlement import (
    account_customers,
    bills,
    customer_parts,
    old_parts_choices,
    record_attempts,
    repair_records,
    sheet_signatures,
    takings,
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
    "account_customers",
    "appointments",
    "approvals",
    "assistances",
    "bays",
    "bills",
    "case_codes",
    "case_findings",
    "cases",
    "clock_entries",
    "consents",
    "customer_parts",
    "estimate_lines",
    "estimates",
    "inspection_points",
    "inspections",
    "loaners",
    "messages",
    "metadata",
    "occupancies",
    "old_parts_choices",
    "order_photos",
    "part_returns",
    "record_attempts",
    "reminders",
    "repair_findings",
    "repair_orders",
    "repair_records",
    "repair_steps",
    "reviews",
    "services",
    "settlements",
    "sheet_signatures",
    "takings",
    "technicians",
    "vacancies",
    "verdicts",
    "waits",
    "workshops",
]

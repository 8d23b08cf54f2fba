"""The states of cases, visits and repair orders in words, and how loudly a page says them."""

from collections.abc import Mapping

from aftersales.cases import AppointmentState, CaseState, RepairOrderState, Wish
from forecourt.pages.menu import N_

# state: (words, colour of its chip)
CASE: Mapping[str, tuple[str, str]] = {
    CaseState.OPEN: (N_("Being planned"), "warn"),
    CaseState.PROPOSED: (N_("Waiting for your answer"), "bad"),
    CaseState.CONFIRMED: (N_("Booked"), "good"),
    CaseState.IN_REPAIR: (N_("In the workshop"), "warn"),
    CaseState.SETTLED: (N_("Done and settled"), "good"),
    CaseState.DECLINED: (N_("Declined"), ""),
}
APPOINTMENT: Mapping[str, tuple[str, str]] = {
    AppointmentState.HELD: (N_("Proposed"), "warn"),
    AppointmentState.CONFIRMED: (N_("Confirmed"), "good"),
    AppointmentState.ARRIVED: (N_("Car is here"), "good"),
    AppointmentState.DECLINED: (N_("Declined"), ""),
    AppointmentState.EXPIRED: (N_("Expired"), ""),
    AppointmentState.CANCELLED: (N_("Cancelled"), ""),
}
ORDER: Mapping[str, tuple[str, str]] = {
    RepairOrderState.EXPECTED: (N_("Car expected"), ""),
    RepairOrderState.OPEN: (N_("Car received"), "warn"),
    RepairOrderState.IN_PROGRESS: (N_("Repair in progress"), "warn"),
    RepairOrderState.QUALITY_CHECK: (N_("Final check"), "warn"),
    RepairOrderState.COMPLETED: (N_("Repair done, not settled yet"), "bad"),
    RepairOrderState.SETTLED: (N_("Settled"), "good"),
    RepairOrderState.CANCELLED: (N_("Cancelled"), ""),
}
WISH: Mapping[str, str] = {
    Wish.MAINTENANCE: N_("Maintenance"),
    Wish.REPAIR: N_("Repair"),
    Wish.INSPECTION: N_("Inspection"),
}
# What a page says after a form was taken; the address names the key only.
DONE: Mapping[str, str] = {
    "held": N_("This time is held for you. Please look at the estimate, and confirm."),
    "confirmed": N_("Confirmed. The workshop expects you; the parts are yours."),
    "moved": N_("The visit has been moved."),
    "declined": N_("Declined. Everything that was held for you has been released."),
    "decided": N_("Your decision has been passed on to the workshop."),
    "reviewed": N_("Thank you for your review."),
    "settled": N_("The repair order is settled."),
    "step": N_("Noted. The owner sees it now."),
}

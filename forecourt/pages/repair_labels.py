"""The words of a repair: lights, stages, decisions and how they came, who bears a line, bills, records, waits."""

from collections.abc import Mapping

from aftersales.cases import BillState, RepairOrderState, SettlementGroup, TakingWay
from aftersales.repair.decisions import APPROVED, AWAITING, DECLINED, RETURNED, Way
from aftersales.repair.inspections import Light, Stage
from aftersales.repair.order_lines import Bearer
from aftersales.repair.verdicts import Verdict
from forecourt.pages.menu import N_

# words, colour of its chip
LIGHT: Mapping[str, tuple[str, str]] = {
    Light.GREEN: (N_("In order"), "good"),
    Light.AMBER: (N_("Soon"), "warn"),
    Light.RED: (N_("Now"), "bad"),
}
STAGE: Mapping[str, str] = {
    Stage.CHECK_IN: N_("Check-in"),
    Stage.PRE_WORK: N_("Before the work"),
    Stage.FINAL: N_("Final check"),
}
DECISION: Mapping[str, tuple[str, str]] = {
    APPROVED: (N_("Approved"), "good"),
    DECLINED: (N_("Declined"), ""),
    AWAITING: (N_("Waiting for the owner"), "bad"),
    RETURNED: (N_("Given back"), ""),
}
WAY: Mapping[str, str] = {
    Way.CONFIRMATION: N_("with the visit"),
    Way.APP: N_("on his page"),
    Way.LINK: N_("by a link"),
    Way.COUNTER: N_("at the counter"),
    Way.TELEPHONE: N_("by telephone"),
}
BEARER: Mapping[str, str] = {
    Bearer.MANUFACTURER: N_("The car's manufacturer pays"),
    Bearer.PART_MAKER: N_("The maker of the part pays"),
    Bearer.WORKSHOP: N_("The workshop pays"),
}
# An order as the workshop's people read it: how it stands, and what the house has to do about it.
STATE: Mapping[str, tuple[str, str]] = {
    RepairOrderState.EXPECTED: (N_("Car expected"), ""),
    RepairOrderState.OPEN: (N_("Received, to be looked over"), "warn"),
    RepairOrderState.INSPECTED: (N_("Looked over, to be decided"), "warn"),
    RepairOrderState.AWAITING_APPROVAL: (N_("Waiting for the owner's approval"), "bad"),
    RepairOrderState.DECLINED: (N_("Declined, not closed yet"), "bad"),
    RepairOrderState.CLOSED_DECLINED: (N_("Closed without repair"), ""),
    RepairOrderState.PARTS_PENDING: (N_("Parts are being made ready"), "warn"),
    RepairOrderState.IN_PROGRESS: (N_("In work"), "warn"),
    RepairOrderState.ON_HOLD: (N_("Work is on hold"), "bad"),
    RepairOrderState.QUALITY_CHECK: (N_("Final check"), "warn"),
    RepairOrderState.REWORK: (N_("Sent back to the bay"), "bad"),
    RepairOrderState.COMPLETED: (N_("Repair done, not settled yet"), "bad"),
    RepairOrderState.SETTLED: (N_("Settled, car not handed over yet"), "warn"),
    RepairOrderState.RELEASED: (N_("Car handed over"), "good"),
    RepairOrderState.CANCELLED: (N_("Visit called off"), ""),
}
# What has been done by a step, as the workshop's people read it; its owner reads the step's own words.
TAKEN: Mapping[str, str] = {
    "check_in": N_("Car received"),
    "inspect": N_("Looked over"),
    "ask_approval": N_("The owner was asked to decide"),
    "prepare": N_("Parts to be made ready"),
    "start": N_("Work begun"),
    "issue_parts": N_("Parts handed out"),
    "work": N_("Word to the owner"),
    "hold": N_("Put on hold"),
    "resume": N_("Work went on"),
    "quality_check": N_("Handed to the final check"),
    "rework": N_("Sent back to the bay"),
    "complete": N_("Passed the final check"),
    "close_declined": N_("Closed without repair"),
    "decline": N_("The owner declined everything"),
    "reconsider": N_("The owner approved after all"),
    "settle": N_("Settled"),
    "release": N_("Car handed over"),
    "cancel": N_("Visit called off"),
    "promise": N_("Promised anew"),
}
# What is done by a step, as its button says it.
ACT: Mapping[str, str] = {
    "check_in": N_("Receive the car"),
    "inspect": N_("It was looked over"),
    "ask_approval": N_("Ask the owner to decide"),
    "prepare": N_("Make the parts ready"),
    "start": N_("Start the work"),
    "issue_parts": N_("Hand the parts out"),
    "work": N_("Say how the work goes"),
    "hold": N_("Put the work on hold"),
    "resume": N_("Go on with the work"),
    "quality_check": N_("To the final check"),
    "rework": N_("Back to the bay"),
    "complete": N_("The work is done"),
    "close_declined": N_("Close it without repair"),
}
KIND: Mapping[str, str] = {"labour": N_("Labour"), "part": N_("Part"), "sublet": N_("Done elsewhere")}
BILL: Mapping[str, tuple[str, str]] = {
    BillState.OPEN: (N_("Not paid yet"), "bad"),
    BillState.PAID: (N_("Paid"), "good"),
    BillState.ON_ACCOUNT: (N_("On account"), "good"),
    BillState.NOTHING_DUE: (N_("Nothing to pay"), "good"),
    BillState.WAIVED: (N_("Waived"), ""),
}
GROUPS = tuple(one.value for one in SettlementGroup)  # printed exactly so in either language
# What is asked of a finding as the work is completed.
VERDICT: Mapping[str, str] = {
    Verdict.FOUND: N_("It was this"),
    Verdict.NOT_FOUND: N_("Nothing found"),
    Verdict.OTHER_FAULT: N_("Another fault"),
    "later": N_("Say it later"),
}
TAKING: Mapping[str, str] = {TakingWay.CASH: N_("Cash"), TakingWay.CARD: N_("Card terminal")}
# How the electronic repair record stands.
RECORD: Mapping[str, tuple[str, str]] = {
    "lacking": (N_("Something is missing"), "bad"),
    "waiting": (N_("Waiting to be sent"), "warn"),
    "delivered": (N_("Delivered"), "good"),
    "refused": (N_("Refused by the platform"), "bad"),
    "given_up": (N_("Given up"), "bad"),
}
WEBHOOK: Mapping[str, tuple[str, str]] = {
    "active": (N_("On"), "good"),
    "paused": (N_("Paused"), "warn"),
    "disabled": (N_("Switched off: it failed for too long"), "bad"),
}
DELIVERY: Mapping[str, tuple[str, str]] = {
    "waiting": (N_("Waiting to be sent"), "warn"),
    "delivered": (N_("Delivered"), "good"),
    "given_up": (N_("Given up"), "bad"),
    "withdrawn": (N_("Not to be seen any more"), ""),
}
# Why an attempt brought no answer, by the courier's words for it.
FAILURE: Mapping[str, str] = {
    "no_address": N_("The address was not found"),
    "private_address": N_("The address is a private one"),
    "unreachable": N_("Nobody answers there"),
    "tls": N_("Its certificate is not to be trusted"),
    "timeout": N_("No answer in time"),
    "broken_off": N_("Broken off in the middle"),
}
NOUN: Mapping[str, str] = {
    "vehicle": N_("Cars"),
    "case": N_("Cases and visits"),
    "repair_order": N_("Repairs"),
    "order": N_("Orders of parts"),
}
# What a sheet says of its workshop beside the name.
CONTACT: Mapping[str, str] = {
    "address": N_("Address"),
    "telephone": N_("Telephone"),
    "licence": N_("Licence or record number"),
}
LACKING: Mapping[str, str] = {"plate": N_("number plate"), "vin": N_("VIN")}

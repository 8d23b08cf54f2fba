"""The states of cases, visits, repair orders and commands in words, and how loudly a page says them."""

from collections.abc import Mapping

from aftersales.assistance import Assistance
from aftersales.cases import AppointmentState, CaseState, RepairOrderState, Wish
from aftersales.telling.consents import Channel
from forecourt.pages.menu import N_
from foundation.identity import Role
from ingest.commands import CommandKind, CommandState
from parts_catalog.payments.states import State as PaymentState

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
    AppointmentState.NO_SHOW: (N_("The car did not come"), "bad"),
    AppointmentState.TAKEN: (N_("Accepted"), ""),
}
# As its owner reads it; the workshop's own words are in `repair_labels.STATE`.
ORDER: Mapping[str, tuple[str, str]] = {
    RepairOrderState.EXPECTED: (N_("Car expected"), ""),
    RepairOrderState.OPEN: (N_("Car received"), "warn"),
    RepairOrderState.INSPECTED: (N_("Car looked over"), "warn"),
    RepairOrderState.AWAITING_APPROVAL: (N_("Waiting for your approval"), "bad"),
    RepairOrderState.DECLINED: (N_("Nothing will be repaired"), "bad"),
    RepairOrderState.CLOSED_DECLINED: (N_("Closed without repair"), ""),
    RepairOrderState.PARTS_PENDING: (N_("Parts are being made ready"), "warn"),
    RepairOrderState.IN_PROGRESS: (N_("Repair in progress"), "warn"),
    RepairOrderState.ON_HOLD: (N_("Work is on hold"), "bad"),
    RepairOrderState.QUALITY_CHECK: (N_("Final check"), "warn"),
    RepairOrderState.REWORK: (N_("Back to the bay"), "warn"),
    RepairOrderState.COMPLETED: (N_("Repair done; the bill comes next"), "warn"),
    RepairOrderState.SETTLED: (N_("Settled"), "good"),
    RepairOrderState.RELEASED: (N_("Car handed over"), "good"),
    RepairOrderState.CANCELLED: (N_("Cancelled"), ""),
}
WISH: Mapping[str, str] = {
    Wish.MAINTENANCE: N_("Maintenance"),
    Wish.REPAIR: N_("Repair"),
    Wish.INSPECTION: N_("Inspection"),
}
COMMAND: Mapping[str, tuple[str, str]] = {
    CommandState.AWAITING_OWNER: (N_("Waiting for the owner's answer"), "warn"),
    CommandState.AWAITING_WORKSHOP: (N_("Waiting for the workshop's answer"), "warn"),
    CommandState.APPROVED: (N_("Waiting until the car is awake"), "warn"),
    CommandState.SENT: (N_("Sent to the car"), "warn"),
    CommandState.DONE: (N_("Done"), "good"),
    CommandState.REFUSED: (N_("The car refused"), "bad"),
    CommandState.FAILED: (N_("It did not work"), "bad"),
    CommandState.UNKNOWN: (N_("Not known whether it was done"), "bad"),
    CommandState.DECLINED: (N_("Declined"), ""),
    CommandState.EXPIRED: (N_("Expired"), ""),
}
COMMAND_KIND: Mapping[str, str] = {
    CommandKind.SNAPSHOT: N_("Read the car again"),
    CommandKind.POLL_PLAN: N_("Change what is read how often"),
    CommandKind.CLEAR_DTCS: N_("Clear the trouble codes"),
}
CODE_KIND: Mapping[str, str] = {
    "stored": N_("Stored codes"),
    "pending": N_("Pending codes"),
    "permanent": N_("Permanent codes"),
}
DIALECT: Mapping[str, str] = {
    "forecourt": N_("Forecourt's own (edge)"),
    "wican": "WiCAN",
    "ovms": "OVMS v3",
    "autopi": "AutoPi",
    "torque": N_("Torque (phone)"),
    "traccar": N_("Traccar (server)"),
}
# What is typed into a device, as its own settings are mostly called.
DEVICE_SETTING: Mapping[str, str] = {
    "host": N_("Broker (host)"),
    "port": N_("Port"),
    "tls": "TLS",
    "user": N_("User name and client id"),
    "password": N_("Password"),
    "topic": N_("Beginning of its topics"),
    "url": N_("Address of uploads"),
    "eml": N_("E-mail (Torque's only place for it): id and password"),
    "id": N_("Device id"),
}
YES_NO: Mapping[str, str] = {"yes": N_("yes"), "no": N_("no")}
# The readiness monitors as the car end names them.
MONITOR: Mapping[str, str] = {
    "misfire": N_("Misfire"),
    "fuel_system": N_("Fuel system"),
    "components": N_("Components"),
    "catalyst": N_("Catalyst"),
    "heated_catalyst": N_("Heated catalyst"),
    "evaporative_system": N_("Fuel vapour system"),
    "secondary_air": N_("Secondary air"),
    "ac_refrigerant": N_("A/C refrigerant"),
    "oxygen_sensor": N_("Oxygen sensor"),
    "oxygen_sensor_heater": N_("Oxygen sensor heater"),
    "egr": N_("Exhaust gas recirculation"),
    "nmhc_catalyst": N_("NMHC catalyst"),
    "nox_aftertreatment": N_("NOx aftertreatment"),
    "boost_pressure": N_("Boost pressure"),
    "exhaust_gas_sensor": N_("Exhaust gas sensor"),
    "particulate_filter": N_("Particulate filter"),
}
# Of a wish, what it is for, as its card says it.
WISH_HELP: Mapping[str, str] = {
    Wish.MAINTENANCE: N_("Oil, filters and what the service plan says"),
    Wish.REPAIR: N_("Something is wrong; you say it in your own words"),
    Wish.INSPECTION: N_("A check before a journey, a sale or the official test"),
}
UNIT: Mapping[str, str] = {"degC": "°C"}
# Why another time is held beside a visit.
OFFER: Mapping[str, str] = {
    "waitlist": N_("An earlier time is free"),
    "part_late": N_("A part comes later: another time for your visit"),
    "workshop": N_("The workshop proposes another time"),
}
CHANNEL: Mapping[str, str] = {
    Channel.INBOX: N_("In my messages here"),
    Channel.MAIL: N_("By e-mail"),
    Channel.SMS: N_("By text message"),
}
HELP: Mapping[str, str] = {
    Assistance.TOWING: N_("Have it towed to the workshop"),
    Assistance.MOBILE_SERVICE: N_("Send the mobile service"),
}
ROLE: Mapping[str, str] = {
    Role.OWNER: N_("Owner"),
    Role.TECHNICIAN: N_("Technician"),
    Role.ADVISOR: N_("Service advisor"),
    Role.PARTS_MANAGER: N_("Parts manager"),
    Role.WORKSHOP_MANAGER: N_("Workshop manager"),
    Role.FLEET_OPERATOR: N_("Fleet operator"),
    Role.INTEGRATOR: N_("Integrator"),
    Role.ADMINISTRATOR: N_("Administrator"),
}
WEEKDAY: Mapping[str, str] = {
    "mon": N_("Monday"),
    "tue": N_("Tuesday"),
    "wed": N_("Wednesday"),
    "thu": N_("Thursday"),
    "fri": N_("Friday"),
    "sat": N_("Saturday"),
    "sun": N_("Sunday"),
}
EQUIPMENT: Mapping[str, str] = {
    "lift": N_("Lift"),
    "diagnostics": N_("Diagnostics"),
    "high_voltage": N_("High voltage"),
}
SKILL: Mapping[str, str] = {
    "general": N_("General work"),
    "diagnosis": N_("Diagnosis"),
    "engine": N_("Engine"),
    "electrical": N_("Electrical work"),
    "fuel": N_("Fuel system"),
    "transmission": N_("Transmission"),
    "high_voltage": N_("High voltage"),
}
IMPORT: Mapping[str, tuple[str, str]] = {
    "waiting": (N_("Waiting"), "warn"),
    "running": (N_("Being read"), "warn"),
    "dry": (N_("Tried only"), ""),
    "done": (N_("Imported"), "good"),
    "undoing": (N_("Being undone"), "warn"),
    "undone": (N_("Undone"), ""),
    "failed": (N_("Failed"), "bad"),
}
# The kinds of numbers that a part is known by.
NUMBER: Mapping[str, str] = {
    "oe": N_("Car maker's number"),
    "interchange": N_("Interchanges with"),
    "supplier": N_("Supplier's number"),
    "gtin": N_("Barcode"),
    "former": N_("Former number"),
}
# What suppliers tell of a part, by the names of `part_told`.
TOLD: Mapping[str, str] = {
    "weight": N_("Weight with its package"),
    "size": N_("Size of its package"),
    "minimum_order": N_("Smallest order"),
    "per_application": N_("Pieces for one car"),
    "available": N_("Available from"),
}
# What a page says after a form was taken; the address names the key only.
DONE: Mapping[str, str] = {
    "held": N_("This time is held for you. Please look at the estimate, and confirm."),
    "confirmed": N_("Confirmed. The workshop expects you; the parts are yours."),
    "moved": N_("The visit has been moved."),
    "offered": N_("The visit stays until its owner answers: the new time is held for him and proposed to him."),
    "arranged": N_("Bay and technician have been changed."),
    "no_show": N_("Noted. Bay, technician and parts are free again."),
    "signed_out": N_("You are signed out everywhere else."),
    "password_set": N_("Your new password holds from now on. You are signed out everywhere else."),
    "invited": N_("The account has been made."),
    "link_renewed": N_("A new sign-in link has been made; unused ones from before are void."),
    "closed": N_("The account is closed; all its sign-ins are void."),
    "erased": N_("You have been erased. Files of readings follow within minutes."),
    "saved": N_("Saved."),
    "key_made": N_("The key has been made."),
    "key_ended": N_("The key is void from now on."),
    "device_made": N_("The device has been registered."),
    "device_renewed": N_("The device has a new password; with the old one it is not let in any more."),
    "device_revoked": N_("The device is locked out."),
    "kept": N_("Your visit stays as it was."),
    "waiting": N_("You are told as soon as something is free."),
    "helped": N_("The workshop has been told and will reach you."),
    "declined": N_("Declined. Everything that was held for you has been released."),
    "decided": N_("Your decision has been passed on to the workshop."),
    "links_ended": N_("The links have ended. Who opens one of them now decides on nothing."),
    "in_cart": N_("It is in your cart, and held for you."),
    "order_cancelled": N_("The order is cancelled."),
    "return_asked": N_("Your return has been asked for. The seller answers here."),
    "reviewed": N_("Thank you for your review."),
    "settled": N_("The repair order is settled."),
    "step": N_("Noted. The owner sees it now."),
    "asked": N_("Asked. The answer appears here."),
    "asked_owner": N_("The owner has been asked. His answer appears here."),
    "start": N_("Your clock runs."),
    "stop": N_("Your clock has stopped."),
    "photographed": N_("The photo is kept with the order."),
    "undone": N_("Undone: the catalogue is as it was before."),
    "booked": N_("Booked."),
    "told": N_("Noted. The buyer sees it now."),
    "counting": N_("Counting has begun. Write here what lies on the shelf."),
    "answered": N_("Your answer has been noted."),
    "signed": N_("Signed. Thank you."),
    "webhook_made": N_("The webhook has been made. It is told what happens from now on."),
    "webhook_gone": N_("The webhook has been taken away, with its log."),
    "secret_changed": N_("It has a new secret."),
    "replayed": N_("It is sent again."),
    "nothing_since": N_("Nothing has happened since; nothing is sent."),
    "line_added": N_("Added. The owner is asked."),
    "line_changed": N_("Changed. What he has not approved as it is now, the owner is asked again."),
    "line_off": N_("Taken off the order. What was held for it is free."),
    "taken_down": N_("Written down, with who said it and how."),
    "corrected": N_("The corrected sheet counts from now on."),
    "payment_begun": N_("The customer can pay now."),
    "promised": N_("Promised. The owner has been told."),
    "money_taken": N_("Written down as taken."),
    "money_given_back": N_("Written down as given back."),
    "refund_asked": N_("The refund has been asked for again."),
    "released": N_("The car is handed over."),
    "review_answered": N_("Answered. The customer is told."),
}
PAYMENT: Mapping[str, str] = {
    PaymentState.PENDING: N_("Waiting for payment"),
    PaymentState.PAID: N_("Paid"),
    PaymentState.FAILED: N_("Payment failed"),
    PaymentState.CLOSED: N_("Payment closed"),
    PaymentState.PARTLY_REFUNDED: N_("Partly refunded"),
    PaymentState.REFUNDED: N_("Refunded"),
}
SANDBOX_NOTICE: Mapping[str, str] = {
    "once": N_("at once"),
    "late": N_("two minutes late"),
    "twice": N_("twice"),
}

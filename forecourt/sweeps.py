"""The sweeps of business deadlines, each in a unit of its own: what one of them cannot do yet holds up no other."""

from collections.abc import Callable, Collection

from aftersales.answers import go_on_one
from aftersales.settlement.records import take_records
from aftersales.telling.consents import Channel
from aftersales.telling.messages import himself_or_owners, notify, take_mail
from aftersales.telling.reminders import send_reminders
from aftersales.visits.late_parts import offer_later_times
from aftersales.visits.no_shows import sweep_no_shows
from aftersales.visits.offering import offer_one
from aftersales.visits.sweep import expire_holds
from aftersales.visits.waitlist import end_past_waits
from forecourt.paying import Paying
from forecourt.task_queue import CALL_PROVIDER, REPORT_REPAIR, SEND_MAIL, SEND_NOTICE, queue
from foundation.database import Database, UnitOfWork
from ingest.archive import Archive
from ingest.archive.retention import Retention, forget
from ingest.registry import Vehicles
from ingest.sending import expire_commands
from parts_catalog.payments.calling import look_after_one
from parts_catalog.payments.outbox import take_calls
from parts_catalog.payments.sandbox import take_notices
from parts_catalog.shop.carriers import SimulatedCarrier
from parts_catalog.shop.orders import expire_orders
from parts_catalog.shop.shipments import flag_late, track_parcels
from parts_catalog.stock import expire

OFFERS = 20  # per round: more are made in the next one
PAYMENTS = 200  # looked after in a round


def tell_of_late_parcels(unit: UnitOfWork) -> None:
    """Flag the shop's shipments that are late, and tell their buyers."""
    for late in flag_late(unit):
        people = himself_or_owners(unit, late.account, late.organisation)
        notify(unit, people, "parcel_late", late.shipment, None, day=late.promised_on.isoformat())


# In their order: what ends makes room, and then the room is offered.
SWEEPS: tuple[Callable[[UnitOfWork], object], ...] = (
    expire_holds,
    expire_orders,
    expire,
    tell_of_late_parcels,
    expire_commands,
    sweep_no_shows,
    offer_later_times,
    send_reminders,
    end_past_waits,
)


def sweep_archive(database: Database, archive: Archive, keep: Retention) -> int:
    """Compact what there is to compact, and forget what has served its time; gives how many files were merged."""
    merged = 0
    while found := archive.compact(database):
        merged += found
    with database.unit() as unit:
        forget(unit, keep)
    with database.unit() as unit:
        archive.remove_files(unit)
    return merged


def sweep_deadlines(
    database: Database,
    paying: Paying | None = None,
    *,
    channels: Collection[Channel] = (),
    reporting: Collection[str] = (),
) -> None:
    """Carry out everything that is due by now.

    `channels`: those by which letters can be sent; `reporting`: the workshops that report their repairs somewhere.
    """
    for sweep in SWEEPS:
        with database.unit() as unit:
            sweep(unit)
    track_parcels(database, SimulatedCarrier())
    for make_one in (offer_one, go_on_one):
        for _ in range(OFFERS):
            with database.unit() as unit:
                if not make_one(unit, Vehicles()):
                    break
    if paying is not None:
        sweep_payments(database, paying)
    if reporting:
        with database.unit() as unit:
            for order in take_records(unit, reporting):
                queue(unit, REPORT_REPAIR, order=order)
    if channels:
        with database.unit() as unit:
            for message in take_mail(unit, channels):
                queue(unit, SEND_MAIL, message=message)


def sweep_payments(database: Database, paying: Paying) -> None:
    """Look after pending payments, and queue what providers are to be asked and what the sandbox has to tell."""
    for _ in range(PAYMENTS):
        with database.unit() as unit:
            if not look_after_one(unit, paying.payables):
                break
    with database.unit() as unit:
        for number in take_calls(unit):
            queue(unit, CALL_PROVIDER, number=number)
        for number in take_notices(unit):
            queue(unit, SEND_NOTICE, number=number)

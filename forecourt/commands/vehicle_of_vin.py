"""A car's configuration and its VIN: what is certain is filled in, all else is offered as questions."""

from collections.abc import Iterator

from foundation.database import UnitOfWork
from foundation.refusals import NotFound
from ingest import registry
from ingest.vehicles import VehicleConfig
from parts_catalog.vin import Decoded, NotAVin
from parts_catalog.vin.decoding import fill
from parts_catalog.vin.stored import decode_vin


def filled(unit: UnitOfWork, vin: str, config: VehicleConfig, *, new: bool = False) -> tuple[VehicleConfig, list[str]]:
    """Give the configuration of a registered car, filled with what its VIN tells for certain, and lines for people.

    A car is registered under what stands on it: where the check digit does not agree, nothing is read from the VIN.
    But a `new` car of North America, where 49 CFR 565 has it agree on every car, is typed again: that is `NotAVin`.
    """
    try:
        decoded = decode_vin(unit, vin, hints=config)
    except NotAVin as refused:
        if refused.extra["rule"] != "check_digit" or (new and vin[0] in "12345"):
            raise
        return config, [f"nothing was read from the VIN: {refused.detail}"]
    return fill(config, decoded), list(told_lines(decoded))


def config_of_vin(unit: UnitOfWork, vin: str) -> tuple[VehicleConfig, list[str]]:
    """Give what is known of the car with this VIN: a registered one's configuration, and what the VIN tells."""
    try:
        known = registry.vehicle_of_vin(unit, vin).config
    except NotFound:
        decoded = decode_vin(unit, vin)
        return fill(VehicleConfig(), decoded), list(told_lines(decoded))
    return filled(unit, vin, known)


def told_lines(decoded: Decoded) -> Iterator[str]:
    """Give the notices and questions, a line each."""
    yield from (f"note: {notice.text_en}" for notice in decoded.notices)
    yield from (f"to ask: {question.text_en}" for question in decoded.questions)

"""Training with verdicts: what workshops found on real cars joins the simulated fleet, and what is refused is told.

aftersales/repair/labels.py            the verdicts that count
ingest/trip_log.py, archive     all trips of those cars
diagnostics/training/judged.py  the trips from a finding's onset to the visit, labelled
diagnostics/training/train.py   trees of the probability, grown on both
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from aftersales.repair.labels import Label, labels
from aftersales.repair.verdicts import Verdict
from diagnostics.modes import MODES
from diagnostics.predictor import Predictor
from diagnostics.training.dataset import TripTable
from diagnostics.training.judged import FEWEST_CARS, Judgement, begin_of, inside, judged_car, kind_of, labelled
from diagnostics.training.train import train_table
from forecourt.pipeline import trips_of
from forecourt.training import CARS, DAYS, kinds, simulated
from foundation.database import Database
from foundation.refusals import Invalid, NotFound
from ingest import trip_log
from ingest.archive import Archive
from ingest.readings import TripColumns
from ingest.registry import any_vehicle
from ingest.vehicles import VehicleConfig

# Why a verdict teaches nothing of a fault: one row per reason.
REFUSALS: Mapping[str, str] = {
    "erased": "the finding or its car was erased",
    "no_visit": "the car was never checked in",
    "no_mode": "no predictor is trained on this fault",
    "no_history": "no trip is left between the finding's onset and the visit",
    "not_observable": "those trips lack the fault's signals",
    "contradicted": "another verdict says the opposite of the same trips",
    "too_few_cars": f"fewer than {FEWEST_CARS} cars with a verdict that can be used",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """What one verdict says of one fault; `refused` is why it is not used, a row of `REFUSALS`."""

    finding: str
    vehicle: str
    fault: str
    present: bool
    judgement: Judgement | None
    refused: str | None = None
    trips: int = 0  # that it labels


@dataclass(frozen=True, slots=True)
class Material:
    """What verdicts give to learn from: every claim with what became of it, and the table of its cars, if any."""

    claims: tuple[Claim, ...]
    table: TripTable | None
    kinds: Mapping[int, str]

    def to_json(self) -> dict[str, Any]:
        """Say by fault what is used, and by fault and reason what is refused."""
        used = defaultdict(list)
        for claim in self.claims:
            if claim.refused is None:
                used[claim.fault].append(claim)
        refused = Counter((claim.fault, claim.refused) for claim in self.claims if claim.refused is not None)
        return {
            "least_cars": FEWEST_CARS,
            "used": {
                fault: {
                    "present": sum(claim.present for claim in mine),
                    "absent": sum(not claim.present for claim in mine),
                    "cars": len({claim.vehicle for claim in mine}),
                    "trips": sum(claim.trips for claim in mine),
                }
                for fault, mine in sorted(used.items())
            },
            "refused": [
                {"fault": fault, "reason": why, "words": REFUSALS[why], "verdicts": many}
                for (fault, why), many in sorted(refused.items())
            ],
        }


def train_with_verdicts(
    database: Database, archive: Archive, seed: int, directory: Path, tell: Callable[[str], None], cache: Path,
    cars: int = CARS, days: int = DAYS,
) -> dict[str, Any]:  # fmt: skip
    """Train as `train_shipped` does, with the cars that workshops judged beside the simulated ones; gives the report.

    Raises `Invalid`, before anything is simulated, when no fault has the verdicts of `FEWEST_CARS` cars.
    """
    tell("reading verdicts and the trips of their cars")
    material = gather(database, archive)
    if material.table is None:
        said = " ".join(lines(material.to_json())) or "no workshop has given any."
        raise Invalid(f"there is nothing to learn from verdicts yet: {said}", **material.to_json())
    table = TripTable.joined([simulated(seed, tell, cache, cars, days), material.table])
    tell("training")
    every = {**kinds(seed, cars, days), **material.kinds}
    report = train_table(table, seed, directory, tell=tell, kinds=every, before=Predictor.shipped())
    return report | {"verdicts": material.to_json()}


def gather(database: Database, archive: Archive) -> Material:
    """Read what verdicts there are, and the trips of their cars, car by car; nothing of it is written anywhere."""
    with database.unit() as unit:
        claims = [claim for label in labels(unit) for claim in claims_of(label)]
    by_car: defaultdict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_car[claim.vehicle].append(claim)
    judged: list[Claim] = []
    tables: list[TripTable] = []
    named: dict[int, str] = {}
    for vehicle, mine in by_car.items():
        usable = [claim for claim in mine if claim.refused is None]
        judged += [claim for claim in mine if claim.refused is not None]
        config, trips = _history(database, archive, vehicle) if usable else (None, [])
        if config is None or not trips:
            judged += [replace(claim, refused="erased" if config is None else "no_history") for claim in usable]
            continue
        car = judged_car(len(tables), trips, MODES)
        car = labelled(car, [claim.judgement for claim in usable if claim.judgement])
        judged += [_seen(car, claim) for claim in usable]
        named |= kind_of(len(tables), f"{config.make} {config.model_line}")
        tables.append(car)
    return _with_enough(judged, tables, named)


def claims_of(label: Label) -> list[Claim]:
    """Give what a verdict says: of the finding's fault, and of the other one that it was instead, if it has a name."""
    said = [(label.fault, label.verdict is Verdict.FOUND)]
    if label.other is not None:
        said.append((label.other, True))
    return [_claim(label, fault, present) for fault, present in said]


def lines(told: Mapping[str, Any]) -> list[str]:
    """Say in sentences what was used and what was refused."""
    used = [
        f"Used on {fault}: {many['present']} verdicts that it was there, {many['absent']} that it was not;"
        f" {many['trips']} trips of {many['cars']} cars."
        for fault, many in told["used"].items()
    ]
    return used + [f"Refused on {it['fault']}: {it['verdicts']}, {it['words']}." for it in told["refused"]]


def _claim(label: Label, fault: str, present: bool) -> Claim:
    judgement, refused = None, None
    if fault not in MODES:
        refused = "no_mode"
    elif label.begin is None:
        refused = "erased"
    elif label.end is None:
        refused = "no_visit"
    else:
        judgement = Judgement(fault, present, label.begin, label.end)
    return Claim(label.finding, label.vehicle, fault, present, judgement, refused)


def _history(database: Database, archive: Archive, vehicle: str) -> tuple[VehicleConfig | None, list[TripColumns]]:
    """Give what a car is, None when it was erased, and all its trips."""
    with database.unit() as unit:
        try:
            config = any_vehicle(unit, vehicle).config
        except NotFound:
            return None, []
        spans = trip_log.of_vehicle(unit, vehicle)
        cut = [trip for span in spans for _, trip in trips_of(span, archive.read_span(unit, span)) if len(trip.t_s)]
    return config, sorted(cut, key=begin_of)


def _seen(car: TripTable, claim: Claim) -> Claim:
    """Give the claim with the trips that it labels, or why there is none."""
    if claim.judgement is None:
        return claim
    rows = inside(car, claim.judgement)
    if not rows.any():
        return replace(claim, refused="no_history")
    rows &= car.measured[claim.fault].observed_s >= MODES[claim.fault].least_s
    if not rows.any():
        return replace(claim, refused="not_observable")
    rows &= ~np.isnan(car.severity[claim.fault])
    return replace(claim, trips=int(rows.sum())) if rows.any() else replace(claim, refused="contradicted")


def _with_enough(claims: Sequence[Claim], tables: Sequence[TripTable], named: Mapping[int, str]) -> Material:
    """Take the labels of faults that too few cars have a verdict on out of the table; without any left, all of it."""
    cars = defaultdict(set)
    for claim in claims:
        if claim.refused is None:
            cars[claim.fault].add(claim.vehicle)
    enough = {fault for fault, mine in cars.items() if len(mine) >= FEWEST_CARS}
    kept = tuple(
        replace(claim, refused="too_few_cars") if claim.refused is None and claim.fault not in enough else claim
        for claim in claims
    )
    if not enough:
        return Material(kept, None, {})
    table = TripTable.joined(tables)
    unsaid = np.full(len(table), np.nan, dtype=np.float32)
    severity = {fault: one if fault in enough else unsaid for fault, one in table.severity.items()}
    return Material(kept, replace(table, severity=severity), named)

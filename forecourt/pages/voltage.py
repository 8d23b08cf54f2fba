"""The plot beside a finding: the supply voltage while the engine ran, over the minutes of the trips that tell of it."""

from datetime import timedelta
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from diagnostics.findings import Finding
from diagnostics.told import list_findings
from forecourt.pages.readers import Reader, signed_in
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.refusals import NotFound
from ingest.readings import TripColumns

PLOTTED = frozenset({"alternator", "battery_12v", "dcdc_converter"})
VOLTAGE, ENGINE = "control_module_voltage", "engine_speed"
RUNNING_RPM = 400.0
POINTS = 400
LONGEST = timedelta(days=14)  # looked back from the moment the finding was sure
PAUSE_S = 300.0  # a longer silence separates trips


def router(site: Site) -> APIRouter:
    """Give the route of the plot's data."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    @routes.get("/cars/{vehicle}/findings/{finding}/voltage")
    def voltage(vehicle: str, finding: str, reader: Annotated[Reader, Depends(signed_in(site))]) -> JSONResponse:
        with reader.unit() as unit:
            site.vehicles.get(unit, reader.actor, vehicle)
            every = {one.id: one for one in list_findings(unit, reader.actor, vehicle)}
            if finding not in every:
                raise NotFound(f"there is no finding {finding}")
            told = every[finding]
            begin = max(told.first_seen, told.confirmed - LONGEST)
            end = told.confirmed + timedelta(seconds=1)
            columns = site.archive.read_vehicle(unit, vehicle, begin, end, [VOLTAGE, ENGINE])
        return JSONResponse(plot(columns) | {"expected": _expected(told)})

    return routes


def plot(columns: TripColumns, points: int = POINTS) -> dict[str, list[Any]]:
    """Give mean voltages over the minutes of driving with the engine running; null separates trips.

    `minutes` from the first reading with silences between trips left out, `at` seconds since 1970, `value` volts; at
    most `points` of them, plus one null per pause.
    """
    if columns.start is None or not {VOLTAGE, ENGINE} <= set(columns.signals):
        return {"minutes": [], "at": [], "value": []}
    volts = columns.signals[VOLTAGE]
    running = _carried(columns.signals[ENGINE], columns.t_s) > RUNNING_RPM
    kept = running & ~np.isnan(volts)
    t_s, volts = columns.t_s[kept], volts[kept].astype(np.float64)
    if not len(t_s):
        return {"minutes": [], "at": [], "value": []}
    steps = np.diff(t_s, prepend=t_s[0])
    trip = np.cumsum(steps > PAUSE_S)
    driven = np.cumsum(np.where(steps > PAUSE_S, 0.0, steps))
    width = max(driven[-1] / points, 1.0)
    # A bin is one stretch of one trip, so that no mean runs across a pause.
    bins = np.unique(np.stack([trip, (driven // width).astype(np.int64)]), axis=1, return_inverse=True)[1].ravel()
    size = np.bincount(bins)
    first = np.flatnonzero(np.diff(trip[np.searchsorted(bins, np.arange(len(size)))])) + 1
    result = {
        "minutes": (np.bincount(bins, driven) / size / 60).round(2).tolist(),
        "at": (np.bincount(bins, t_s) / size + columns.start.timestamp()).round().tolist(),
        "value": (np.bincount(bins, volts) / size).round(3).tolist(),
    }
    return {name: _with_gaps(values, first.tolist(), name == "minutes") for name, values in result.items()}


def _carried(values: "np.ndarray[Any, np.dtype[np.float32]]", t_s: "np.ndarray[Any, np.dtype[np.float64]]") -> Any:
    """Give each row the last value read before it within ten seconds: signals seldom come in one row."""
    present = ~np.isnan(values)
    last = np.maximum.accumulate(np.where(present, np.arange(len(values)), -1))
    carried = np.where(last >= 0, values[last], np.nan)
    return np.where(t_s - t_s[last] <= 10.0, carried, np.nan)


def _with_gaps(values: list[float], before: list[int], keep: bool) -> list[float | None]:
    """Insert a null before each index, or the same value again where the column must not have one."""
    filled: list[float | None] = list(values)
    for index in reversed(before):
        filled.insert(index, values[index] if keep else None)
    return filled


def _expected(finding: Finding) -> float | None:
    """Give the voltage that the evidence calls healthy, if one of its reasons is a voltage."""
    return next((reason.expected for reason in finding.evidence if reason.unit == "V" and reason.expected > 10), None)

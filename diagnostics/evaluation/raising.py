"""Alarms of whole fleets: the rule of `diagnostics/monitor.py`, for all cars and faults at once."""

from dataclasses import dataclass

import numpy as np

from diagnostics.baseline import RECENT_S
from diagnostics.compiled import compiled
from diagnostics.evaluation.histories import BoolArray, Histories, IntArray
from diagnostics.isolation import OF_TRIPS, leading
from diagnostics.monitor import CLEARED_AT, QUIET
from ingest.readings import FloatArray, TimeArray

_QUIET_S = QUIET.total_seconds()


@dataclass(frozen=True, slots=True)
class Alarms:
    """Findings, `[alarm]`, car after car: the trip that raised it, its fault's place, its car and the trip's end."""

    trip: IntArray
    fault: IntArray
    car: IntArray
    at_s: TimeArray


def smoothed(histories: Histories) -> FloatArray:
    """Give `[trip, fault]`, the third largest (`histories.needed`) probability of the last five trips that had a vote.

    It is the highest threshold at which so many of five trips still vote, so a trip alarms when it is reached. 0 while
    fewer trips had a vote; a trip without a vote keeps what stood before; a stop condition is 1.
    """
    made = np.zeros_like(histories.probability)
    _smooth(histories.edges, histories.probability, histories.stopped, histories.needed, made)
    return made


def raised(histories: Histories, vote_at: FloatArray) -> Alarms:
    """Give the alarms; the same as `monitor.judge_vehicle` gives.

    A trip votes for fault f from `vote_at[f]` on, or where there are two rows of them from `vote_at[0, f]` on while
    its car is young and from `vote_at[1, f]` on later.

    A stop condition is told at the end of its trip here.
    """
    marked = np.zeros(histories.probability.shape, dtype=np.bool_)
    limits = np.asarray(vote_at, dtype=np.float32)
    if limits.ndim > 1:
        young = histories.begin_s - np.repeat(histories.begin_s[histories.edges[:-1]], np.diff(histories.edges))
        limits = np.where(young[:, None] < RECENT_S, limits[0], limits[1])
    limits = np.ascontiguousarray(np.broadcast_to(limits, histories.probability.shape))
    leads = leading(histories.probability, histories.edges, limits, histories.needed)
    _raise(
        histories.edges,
        histories.probability,
        histories.stopped,
        leads,
        histories.end_s,
        limits,
        histories.needed,
        marked,
    )
    trip, fault = np.nonzero(marked)
    return Alarms(trip.astype(np.int64), fault.astype(np.int64), histories.car[trip], histories.end_s[trip])


@compiled
def _smooth(
    edges: IntArray, probability: FloatArray, stopped: BoolArray, needed: IntArray, made: FloatArray
) -> None:  # fmt: skip
    last = np.zeros(OF_TRIPS, dtype=np.float32)
    for car in range(len(edges) - 1):
        for fault in range(probability.shape[1]):
            last[:] = 0
            count, now = 0, np.float32(0)
            for trip in range(edges[car], edges[car + 1]):
                said = probability[trip, fault]
                if not np.isnan(said):
                    last[count % OF_TRIPS] = said
                    count += 1
                    now = np.sort(last)[OF_TRIPS - needed[fault]]
                made[trip, fault] = np.float32(1) if stopped[trip, fault] else now


@compiled
def _raise(
    edges: IntArray, probability: FloatArray, stopped: BoolArray, leads: BoolArray, end_s: TimeArray,
    vote_at: FloatArray, needed: IntArray, marked: BoolArray,
) -> None:  # fmt: skip
    """Walk as `monitor._History` does; `told`: the last finding's trouble has not gone since, `last_s`: its last sign.

    No car of a fleet is repaired.
    """
    voted = np.zeros(OF_TRIPS, dtype=np.bool_)
    for car in range(len(edges) - 1):
        for fault in range(probability.shape[1]):
            voted[:] = False
            count, since, standing, told, last_s = 0, 0, False, False, -np.inf
            for trip in range(edges[car], edges[car + 1]):
                young = end_s[trip] - last_s < _QUIET_S
                if stopped[trip, fault]:
                    marked[trip, fault] = not told and not young
                    told, since, last_s, young = told or not young, 0, end_s[trip], True
                said = probability[trip, fault]
                if np.isnan(said):
                    continue
                voted[count % OF_TRIPS] = said >= vote_at[trip, fault]
                count += 1
                since += 1
                votes = voted.sum()
                if votes <= CLEARED_AT:
                    standing = False
                    told = told and since < OF_TRIPS
                elif votes >= needed[fault]:
                    standing = True
                if standing and (told or young):
                    last_s = end_s[trip] if said >= vote_at[trip, fault] else last_s
                elif standing and leads[trip, fault]:
                    marked[trip, fault], told, since, last_s = True, True, 0, end_s[trip]

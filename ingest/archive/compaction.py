"""Compaction: fresh segments, and small files of one day, become few files in which a vehicle is quickly found.

A step is one transaction. Its files are reserved before they are written, as names to be deleted, so that what a killed
step leaves goes with the next `remove_files`; the reservation ends in the transaction that lists them.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert

from foundation.database import Database, UnitOfWork
from ingest.archive import manifest
from ingest.archive.reading import order_of, read
from ingest.archive.segments import compacted, group_starts, is_signal, joined
from ingest.archive.store import Store
from ingest.archive.words import TEXTS, plain, ranked
from ingest.batch import IntArray, from_us
from ingest.partitions import PARTITIONS, partition_of
from ingest.tables import segment_contents, segment_erasures, segment_removals, segments

COMPACTOR = "compactor"
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Pace:
    """When to compact, and how much in one step.

    Fresh segments are gathered when there are `many` or the oldest is `patience` old. A file joins what is gathered for
    its day and partition unless it has more than `ratio` times as many rows: so a row is written a few times, not once
    a minute. The files of a day and partition to which nothing came for `rest` become one. `rows`: most in a step.
    """

    many: int = 64
    patience: timedelta = timedelta(minutes=1)
    ratio: int = 1
    rest: timedelta = timedelta(hours=1)
    rows: int = 500_000


_Place = tuple[date, int]


def step(store: Store, database: Database, pace: Pace) -> int:
    """Do one step of compaction in a unit of its own; gives how many files were merged, 0: nothing to do now."""
    with database.unit() as unit:
        if not manifest.rewriting_at_once(unit):
            return 0
        names = _fresh(unit, pace) or _rested(unit, pace)
        if not names:
            return 0
        groups, old = _grouped(store, unit, names, pace)
        targets = {
            place: f"date={place[0]}/partition={place[1]:02}/{secrets.token_hex(12)}.parquet" for place in groups
        }
        _reserve(database, sorted(targets.values()))
        organisations = _organisations(unit, old)
        taken = segment_removals.delete().where(segment_removals.c.name.in_(targets.values()))
        if unit.connection.execute(taken).rowcount != len(targets):
            return 0  # deleted by `remove_files` in between; the next step takes other names
        listed = []
        for place, table in sorted(groups.items()):
            listed += _write(store, unit, targets[place], place, table, organisations)
        unit.connection.execute(segment_contents.delete().where(segment_contents.c.segment.in_(old)))
        manifest.add_contents(unit, listed)
        manifest.drop(unit, old)
        return len(old)


def _sound(unit: UnitOfWork, *conditions: Any) -> Sequence[Row[Any, Any, Any]]:
    """Give files from which nobody is being erased; a file that is goes through `erase_some` first."""
    marked = select(segment_erasures.c.segment).where(segment_erasures.c.segment == segments.c.name).exists()
    query = select(segments.c.name, segments.c.rows, segments.c.written_at).where(~marked, *conditions)
    return unit.connection.execute(query.order_by(segments.c.written_at, segments.c.name).limit(1024)).all()


def _fresh(unit: UnitOfWork, pace: Pace) -> list[str]:
    found = _sound(unit, segments.c.day.is_(None))
    if not found or (len(found) < pace.many and unit.now() - found[0].written_at < pace.patience):
        return []
    return _within(found, pace.rows)


def _rested(unit: UnitOfWork, pace: Pace) -> list[str]:
    """Give the files of the oldest day and partition that has rested and has several with room for each other."""
    places = (
        select(segments.c.day, segments.c.partition)
        .where(segments.c.day.is_not(None), segments.c.rows < pace.rows)
        .group_by(segments.c.day, segments.c.partition)
        .having(func.count() > 1, func.max(segments.c.written_at) <= unit.now() - pace.rest)
    )
    for day, partition in unit.connection.execute(places.order_by(segments.c.day, segments.c.partition)):
        found = _sound(unit, segments.c.day == day, segments.c.partition == partition, segments.c.rows < pace.rows)
        names = _within(sorted(found, key=lambda it: it.rows), pace.rows)
        if len(names) > 1:
            return names
    return []


def _within(found: Sequence[Row[Any, Any, Any]], most: int) -> list[str]:
    names: list[str] = []
    rows = 0
    for it in found:
        rows += it.rows
        if names and rows > most:
            break
        names.append(it.name)
    return names


def _grouped(
    store: Store, unit: UnitOfWork, names: Sequence[str], pace: Pace
) -> tuple[dict[_Place, pa.Table], list[str]]:
    """Give the rows of files by day and partition, with those of files there that join; and the names of all files."""
    by_place: dict[_Place, list[pa.Table]] = {}
    for name in names:
        for place, part in _split(read(store, name)):
            by_place.setdefault(place, []).append(part)
    old = list(names)
    for (day, partition), parts in by_place.items():
        rows = sum(map(len, parts))
        there = _sound(unit, segments.c.day == day, segments.c.partition == partition)
        for it in sorted(there, key=lambda it: it.rows):
            if it.name in old:
                continue
            if it.rows > pace.ratio * rows or it.rows + rows > pace.rows:
                break
            parts.append(read(store, it.name))
            old.append(it.name)
            rows += it.rows
    return {place: plain(joined(parts).combine_chunks()) for place, parts in by_place.items()}, old


def _split(table: pa.Table) -> list[tuple[_Place, pa.Table]]:
    words, vehicle = ranked(table["vehicle"])
    partition = np.array([partition_of(word) for word in words], dtype=np.int64)[vehicle]
    day = table["time"].cast(pa.int64()).to_numpy() // _DAY_US
    places, which = _numbered(day * PARTITIONS + partition)
    found = []
    for number, place in enumerate(places.tolist()):
        day_number, partition_number = divmod(place, PARTITIONS)
        date_there = from_us(day_number * _DAY_US).astimezone(UTC).date()
        found.append(((date_there, partition_number), table.take(pa.array(np.flatnonzero(which == number)))))
    return found


def _reserve(database: Database, names: Sequence[str]) -> None:
    with database.unit() as unit:
        unit.connection.execute(insert(segment_removals).values([{"name": name} for name in names]))


def _numbered(values: IntArray) -> tuple[IntArray, IntArray]:
    """Give the different values, ascending, and each row's place among them; quick where neighbours are equal."""
    starts = np.flatnonzero(np.append(np.ones(min(len(values), 1), dtype=bool), values[1:] != values[:-1]))
    found, which = np.unique(values[starts], return_inverse=True)
    return found, np.repeat(which, np.diff(np.append(starts, len(values))))


_Owner = tuple[str, str, str]


def _organisations(unit: UnitOfWork, names: Sequence[str]) -> Mapping[_Owner, str]:
    it = segment_contents.c
    query = select(it.vehicle, it.device, it.boot, it.organisation).where(it.segment.in_(names)).order_by(it.last_at)
    return {(row.vehicle, row.device, row.boot): row.organisation for row in unit.connection.execute(query)}


def _write(
    store: Store, unit: UnitOfWork, name: str, place: _Place, table: pa.Table, organisations: Mapping[_Owner, str]
) -> list[tuple[object, ...]]:
    """Write one file and list it; gives its contents. Rows whose owner the manifest does not know are left out."""
    order = order_of(table)
    table = _tidy(table.take(pa.array(order.rows)))
    owner, owners = _owners(table)
    known = np.array([it in organisations for it in owners], dtype=bool)
    if not known.all():
        table = plain(table.filter(pa.array(known[owner])))
        if not len(table):
            return []
        owner, owners = _owners(table)
    vehicle = ranked(table["vehicle"])[1]
    vehicle_starts = np.flatnonzero(np.append(True, vehicle[1:] != vehicle[:-1]))
    starts = group_starts(vehicle_starts.tolist(), len(table))
    size = store.write(name, compacted(table, starts))
    manifest.add(unit, name, COMPACTOR, len(table), size, place)
    return _contents(name, place[1], table, starts, owner, owners, organisations)


def _owners(table: pa.Table) -> tuple[IntArray, list[_Owner]]:
    """Give the number of each row's (vehicle, device, boot), and what the numbers stand for."""
    ranks = [ranked(table[name]) for name in TEXTS]
    shape = [max(len(words), 1) for words, _ in ranks]
    combined = np.ravel_multi_index([rank for _, rank in ranks], shape)
    combinations, owner = _numbered(combined)
    places = np.unravel_index(combinations, shape)
    words = [[str(word) for word in its[place]] for (its, _), place in zip(ranks, places, strict=True)]
    return owner, list(zip(*words, strict=True))


def _contents(
    name: str, partition: int, table: pa.Table, starts: Sequence[int], owner: IntArray, owners: Sequence[_Owner],
    organisations: Mapping[_Owner, str],
) -> list[tuple[object, ...]]:  # fmt: skip
    at_us = table["time"].cast(pa.int64()).to_numpy()
    count = np.zeros(len(table), dtype=np.int64)
    for signal in filter(is_signal, table.column_names):
        count += table[signal].is_valid().to_numpy()
    readings = np.bincount(owner, weights=count, minlength=len(owners)).astype(np.int64)
    # The rows are in order: an owner's first one tells its group and when it begins, its last one when it ends.
    _, first = np.unique(owner, return_index=True)
    last = len(owner) - 1 - np.unique(owner[::-1], return_index=True)[1]
    group = np.searchsorted(np.array(starts), first, side="right") - 1
    begin, end = at_us[first].tolist(), at_us[last].tolist()
    return [
        (
            name, device, boot, vehicle, organisations[vehicle, device, boot], partition,
            from_us(begin[number]), from_us(end[number]), int(readings[number]), int(group[number]),
        )
        for number, (vehicle, device, boot) in enumerate(owners)
    ]  # fmt: skip


def _tidy(table: pa.Table) -> pa.Table:
    """Give null for missing values, in the columns' order of names, without those that tell nothing."""
    kept = {name: table[name] for name in table.column_names if not (is_signal(name) or name.endswith(".quality"))}
    for name in sorted(set(table.column_names) - set(kept)):
        values = table[name].to_numpy()
        if is_signal(name):
            if not np.isnan(values).all():
                kept[name] = pa.array(values.astype(np.float32, copy=False), from_pandas=True)
        elif values.any():
            kept[name] = table[name]
    return pa.table(kept)

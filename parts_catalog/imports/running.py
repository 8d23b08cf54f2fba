"""The import of one file, step by step, in one transaction; a dry run takes the same steps and leaves nothing."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from foundation.database import Database, UnitOfWork
from foundation.identity import Actor
from parts_catalog.imports import stored, undoing
from parts_catalog.imports.brands import BrandOfAnotherHouse, Brands
from parts_catalog.imports.crosschecks import check_neighbours, check_types, count_parts
from parts_catalog.imports.findings import Findings
from parts_catalog.imports.judging import NAMELESS, Judge
from parts_catalog.imports.merging_items import drop_left_out, merge_items, merge_prices, merge_relations
from parts_catalog.imports.merging_lines import merge_lines
from parts_catalog.imports.merging_parts import delete_items, drop_unknown, merge_parts, types_of_the_file
from parts_catalog.imports.reading import read
from parts_catalog.imports.records import End, Fault, Head, Item, Line, Unreadable
from parts_catalog.imports.staging import Staging
from parts_catalog.part_types import UNCLASSIFIED
from parts_catalog.prices import CHINESE_VAT
from parts_catalog.search.index import index_parts
from parts_catalog.seed import CENTRAL_ORGANISATION
from parts_catalog.version import raise_version

Progress = Callable[[int, int], None]  # bytes read, bytes of the file
_SAID_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. `full` None: as the file says, else incremental; `organisation` None: the server's own."""

    path: Path
    file_name: str
    organisation: str | None = None
    account: str | None = None
    full: bool | None = None
    dry: bool = False


@dataclass(slots=True)
class Report:
    """What came of an import; `counts` is the JSON of the contract."""

    import_id: int
    state: str
    counts: dict[str, Any]
    same_as: int | None = None
    refusal: str | None = None


@dataclass(slots=True)
class _Counts:
    applications: int = 0
    items: int = 0
    parts: int = 0
    head: Head = field(default_factory=lambda: Head("unknown"))
    end: End = field(default_factory=End)
    mode: str = "incremental"
    brands: list[str] = field(default_factory=list)


class _LeaveNothing(Exception):  # noqa: N818 - a dry run's way out of its transaction, which rolls back
    pass


class _Refused(Exception):  # noqa: N818 - a file refused as a whole, told as a finding
    def __init__(self, rule: str, about: Mapping[str, Any], line: int | None = None) -> None:
        super().__init__(rule)
        self.rule, self.about, self.line = rule, about, line


def import_file(database: Database, wanted: Wanted, progress: Progress = lambda *_: None) -> Report:
    """Import a file; the row of the import says how far it has come. Refusals of the whole file are reported."""
    with database.unit() as unit:
        import_id = stored.begin(unit, first_values(wanted, state="running"))
    return run_import(database, import_id, wanted, progress)


def first_values(wanted: Wanted, state: str) -> dict[str, Any]:
    return {
        "organisation": wanted.organisation,
        "account": wanted.account,
        "file_name": wanted.file_name,
        "sha256": _digest(wanted.path),
        "format": "unknown",
        "mode": "full" if wanted.full else "incremental",
        "state": state,
        "bytes": wanted.path.stat().st_size,
    }


def run_import(database: Database, import_id: int, wanted: Wanted, progress: Progress = lambda *_: None) -> Report:
    """Run an import whose row is there."""
    with closing(Findings()) as findings:
        return _run(database, import_id, wanted, progress, findings)


def _run(database: Database, import_id: int, wanted: Wanted, progress: Progress, findings: Findings) -> Report:
    counts, refusal = _Counts(), None
    try:
        with database.unit() as unit:
            stored.one_at_a_time(unit)
            if (same := _same(unit, import_id, wanted)) is not None:
                return same
            _import(unit, _Watch(database, import_id, progress), import_id, wanted, counts, findings)
            state = "dry" if wanted.dry or counts.head.test else "done"
            _leave_nothing(state == "dry")
            _finish(unit, import_id, state, counts, findings)
    except _LeaveNothing:
        pass
    except _Refused as refused:
        state, refusal = "failed", refused.rule
        _reject_all(counts, findings, refused)
    except BaseException:
        with database.unit() as unit:
            stored.change(unit, import_id, state="failed", ended_at=unit.now())
        raise
    if state != "done":
        with database.unit() as unit:
            _finish(unit, import_id, state, counts, findings)
    return Report(import_id, state, summary(counts, findings), None, refusal)


def _leave_nothing(dry: bool) -> None:
    if dry:
        raise _LeaveNothing


def _same(unit: UnitOfWork, import_id: int, wanted: Wanted) -> Report | None:
    """Recognise a file that stands imported already: its own answers again, and no change."""
    mode = None if wanted.full is None else "full" if wanted.full else "incremental"
    same = stored.same_file(unit, _digest(wanted.path), mode, wanted.organisation)
    if same is None:
        return None
    kept = {name: getattr(same, name) for name in ("format", "version", "mode", "brands", "counts", "facts")}
    stored.change(
        unit, import_id, state="dry", ended_at=unit.now(), **kept | {"facts": same.facts | {"same_as": same.id}}
    )
    return Report(import_id, "dry", same.counts, int(same.id))


def undo(database: Database, import_id: int, actor: Actor | None) -> None:
    """Restore what was before an import. Raises `NotFound`, `Conflict` and `ImportedSince`."""
    with database.unit() as unit:
        stored.one_at_a_time(unit)
        stored.undoable(unit, import_id, actor)
        touched, _ = undoing.take_back(unit, import_id)
        index_parts(unit, touched)
        undoing.forget_parts(unit, import_id)
        stored.change(unit, import_id, state="undone", undo_refused=None)
        raise_version(unit)


def summary(counts: _Counts, findings: Findings) -> dict[str, Any]:
    rejected = sum(findings.rejected.values())
    return {
        "applications": counts.applications,
        "items": counts.items,
        "accepted": max(counts.applications + counts.items - rejected, 0),
        "rejected": dict(sorted(findings.rejected.items())),
        "warnings": dict(sorted(findings.warnings.items())),
        "parts": counts.parts,
    }


class _Watch:
    """Tells how far a file is read: to whoever waits, and once a second in the import's row."""

    def __init__(self, database: Database, import_id: int, progress: Progress) -> None:
        self._database, self._import, self._progress = database, import_id, progress
        self._said = time.monotonic()

    def at(self, file: BinaryIO, size: int) -> None:
        now = time.monotonic()
        if now - self._said >= _SAID_EVERY_S:
            self._said = now
            self._progress(file.tell(), size)
            with self._database.unit() as unit:
                stored.change(unit, self._import, bytes_read=file.tell())


def _import(
    unit: UnitOfWork, watch: _Watch, import_id: int, wanted: Wanted, counts: _Counts, findings: Findings
) -> None:
    """Take the steps of an import."""
    judge, brands, staging = Judge(unit), Brands(unit, wanted.organisation), Staging(unit)
    try:
        with wanted.path.open("rb") as file:
            for record in _watched(file, wanted, watch, unit.now().date()):
                _take(record, judge, brands, staging, counts, findings)
    except Unreadable as error:
        raise _Refused(error.rule, error.about, error.line) from error
    except BrandOfAnotherHouse as error:
        raise _Refused(error.code, error.extra) from error
    staging.end()
    full = bool(counts.head.full) if wanted.full is None else wanted.full
    counts.mode, counts.brands = "full" if full else "incremental", sorted(brands.touched)
    _check_count(counts, findings, full)
    judge.tell(findings)
    if counts.head.test:
        findings.add("test_file", None, {})
    _merge(unit, import_id, judge, brands, counts, findings, dry=wanted.dry)


def _merge(
    unit: UnitOfWork,
    import_id: int,
    judge: Judge,
    brands: Brands,
    counts: _Counts,
    findings: Findings,
    *,
    dry: bool,
) -> None:
    full = counts.mode == "full"
    check_types(unit, findings, full, UNCLASSIFIED)
    check_neighbours(unit, findings, items_once=counts.head.format == "pies")
    counts.parts = count_parts(unit)
    brands.save(import_id)
    gone, missing = delete_items(unit, import_id)
    for line in missing:
        findings.add("nothing_to_delete", line, {})
    changed = merge_parts(unit, import_id, judge.names(types_of_the_file(unit)), NAMELESS)
    merge_items(unit, import_id, full=full)
    merge_prices(unit, import_id, CENTRAL_ORGANISATION, CHINESE_VAT)
    merge_relations(unit, findings, import_id)
    if counts.applications:
        merge_lines(unit, findings, import_id, counts.brands, full=full)
    if full:
        if counts.items:
            drop_left_out(unit, import_id, counts.brands)
        gone += drop_unknown(unit, import_id, counts.brands)
    renamed = brands.give_names(import_id)
    counts.brands = sorted(brands.touched)
    for code, name in brands.named.items():
        findings.add("brand_named", None, {"code": code, "name": name})
    for kept, name in brands.refused.items():
        findings.add("brand_name_taken", None, {"code": kept, "name": name, "kept": kept})
    if not dry:
        index_parts(unit, [*changed, *gone, *renamed])
        raise_version(unit)


def _watched(file: BinaryIO, wanted: Wanted, watch: _Watch, today: date) -> Iterator[Head | Line | Item | Fault | End]:
    size = wanted.path.stat().st_size
    for number, record in enumerate(read(file, wanted.file_name, today)):
        if number % 1000 == 0:
            watch.at(file, size)
        yield record


def _take(
    record: Head | Line | Item | Fault | End,
    judge: Judge,
    brands: Brands,
    staging: Staging,
    counts: _Counts,
    findings: Findings,
) -> None:
    """Judge one record and put it into its table."""
    match record:
        case Head():
            counts.head = record
        case End():
            counts.end = record
        case Line():
            counts.applications += 1
            judged = judge.line(record)
            if isinstance(judged, Fault):
                findings.add(judged.rule, judged.line, judged.about, judged.excerpt)
            else:
                staging.line(judged, brands.name(judged.part.brand))
        case Item():
            counts.items += record.counted
            item = judge.item(record)
            if isinstance(item, Fault):
                findings.add(item.rule, item.line, item.about, item.excerpt, records=int(record.counted))
                return
            for rule, about in item.warnings:
                findings.add(rule, item.line, about)
            staging.item(item, brands.name(item.part.brand, item.label), brands.known)
        case Fault():
            counts.applications += record.of == "application"
            counts.items += record.of == "item"
            findings.add(record.rule, record.line, record.about, record.excerpt)


def _check_count(counts: _Counts, findings: Findings, full: bool) -> None:
    """Compare what was read with what the file says it has. Raises `_Refused` for a full file that is not whole."""
    if counts.head.format not in {"aces", "pies"}:
        return
    found, declared = counts.applications + counts.items, counts.end.declared
    about = {"declared": declared, "found": found}
    if declared is None:
        if full and counts.head.format == "aces":
            raise _Refused("no_count", about)
    elif declared != found:
        if full:
            raise _Refused("wrong_count", about)
        findings.add("count_differs", None, about)


def _reject_all(counts: _Counts, findings: Findings, refused: _Refused) -> None:
    """Note why the whole file is refused; its records that no other rule rejects are rejected by this one."""
    left = counts.applications + counts.items - sum(findings.rejected.values())
    findings.add(refused.rule, refused.line, refused.about, records=max(left, 1))
    counts.parts = 0


def _finish(unit: UnitOfWork, import_id: int, state: str, counts: _Counts, findings: Findings) -> None:
    stored.keep_findings(unit, import_id, findings.rows())
    stored.change(
        unit,
        import_id,
        state=state,
        format=counts.head.format,
        version=counts.head.version,
        facts=dict(counts.head.facts),
        mode=counts.mode,
        brands=counts.brands,
        counts=summary(counts, findings),
        ended_at=unit.now(),
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

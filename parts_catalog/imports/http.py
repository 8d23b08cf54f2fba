"""The HTTP door of imports: files are streamed in; small ones imported at once, large ones by the tasks process."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field
from sqlalchemy import Row
from starlette.concurrency import run_in_threadpool

from foundation.database import Database, UnitOfWork
from foundation.http import ActorDependency, problem_responses
from foundation.identity import Actor
from foundation.paging import MAXIMUM_LIMIT
from foundation.refusals import Invalid, NotFound
from parts_catalog.imports import stored
from parts_catalog.imports.rules import UNREADABLE
from parts_catalog.imports.running import Wanted, first_values, run_import, undo
from parts_catalog.imports.uploads import upload_of
from parts_catalog.permissions import IMPORTING

FULL: Mapping[str | None, bool | None] = {"full": True, "incremental": False, None: None}
AT_ONCE = 1 << 20  # bytes; a larger file waits for the tasks process
MOST_BYTES = 2 << 30

# Queues the import of a row that waits, with what was asked of it, in the unit that writes the row; and its undo.
Later = Callable[[UnitOfWork, int, bool | None, bool], None]
UndoLater = Callable[[UnitOfWork, int], None]

ImportId = Annotated[str, InPath(max_length=64, pattern=r"^[^\x00]*$", description="Id of an import")]
Limit = Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next` of the page before")]
FileName = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$", examples=["ACES_4_1_Bolzq_FULL.xml"])]
Mode = Annotated[Literal["full", "incremental"] | None, Query(description="Not given: as the file says")]
THERE = problem_responses(404)
BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}}


class UndoRefused(BaseModel):
    """`code` and `detail` as a problem has them; `later` is the import that has to be undone first."""

    code: str
    detail: str
    later: int | None = None


class ImportView(BaseModel):
    """`counts` is what `forecourt parts import --json` prints; `bytes_read` tells how far a running import is."""

    id: str
    file_name: str
    format: str
    version: str | None
    mode: Literal["full", "incremental"]
    brands: list[str]
    state: Literal["waiting", "running", "dry", "done", "undoing", "undone", "failed"]
    counts: dict[str, Any]
    same_as: str | None = Field(description="The earlier import of the very same file, which still stands")
    bytes: int
    bytes_read: int
    started_at: datetime
    ended_at: datetime | None
    undo_refused: UndoRefused | None = Field(description="Why an undo that was queued has not been done after all")


class ImportsPage(BaseModel):
    items: list[ImportView]
    next: str | None


class FindingView(BaseModel):
    line: int | None
    severity: Literal["rejected", "warning"]
    rule: str
    text_en: str
    text_zh: str
    excerpt: str | None


class FindingsPage(BaseModel):
    items: list[FindingView]
    next: str | None


def router(
    database: Database, current_actor: ActorDependency, folder: Path, later: Later, undo_later: UndoLater
) -> APIRouter:
    """Give the routes of imports; uploads wait in `folder`."""
    routes = APIRouter(prefix="/v1/parts/imports", tags=["parts"], responses=problem_responses(401, 403, 422))
    acting = Annotated[Actor, Depends(current_actor)]

    @routes.post(
        "",
        status_code=201,
        responses={202: {"model": ImportView, "description": "Queued: its row tells how far it has come"}},
        openapi_extra=BODY,
        summary="Import a supplier's file (ACES, PIES, CSV or XLSX) into the catalogue, or try it with a dry run",
    )
    async def import_parts(
        request: Request,
        response: Response,
        actor: acting,
        file_name: FileName = "upload",
        dry_run: bool = False,
        mode: Mode = None,
    ) -> ImportView:
        actor.must_be(*IMPORTING)
        path = await run_in_threadpool(place, folder)
        try:
            size = await _save(request, path)
            wanted = Wanted(path, file_name, actor.organisation, actor.account, FULL[mode], dry_run)
            number, response.status_code = await run_in_threadpool(start, database, wanted, size, folder, later)
        finally:
            await run_in_threadpool(path.unlink, missing_ok=True)
        return await run_in_threadpool(_show, database, actor, number)

    @routes.get("", summary="List the imports of one's own house, the last one first")
    def imports(actor: acting, cursor: Cursor = None, limit: Limit = 20) -> ImportsPage:
        actor.must_be(*IMPORTING)
        with database.unit() as unit:
            page = stored.listed(unit, actor, limit, cursor)
        return ImportsPage(items=[view(row) for row in page.items], next=page.next)

    @routes.get("/{import_id}", summary="Show one import", responses=THERE)
    def one_import(actor: acting, import_id: ImportId) -> ImportView:
        actor.must_be(*IMPORTING)
        return _show(database, actor, number_of(import_id))

    @routes.get("/{import_id}/findings", summary="List what an import found", responses=THERE)
    def findings(actor: acting, import_id: ImportId, cursor: Cursor = None, limit: Limit = 50) -> FindingsPage:
        actor.must_be(*IMPORTING)
        with database.unit() as unit:
            page = stored.findings_of(unit, number_of(import_id), actor, limit, cursor)
        return FindingsPage(items=[_finding(row) for row in page.items], next=page.next)

    _add_undo(routes, database, current_actor, undo_later)
    return routes


def _add_undo(routes: APIRouter, database: Database, current_actor: ActorDependency, later: UndoLater) -> None:
    acting = Annotated[Actor, Depends(current_actor)]

    @routes.post(
        "/{import_id}/undo",
        summary="Restore what was before an import; the last one that touched a brand goes first",
        responses=problem_responses(404, 409)
        | {202: {"model": ImportView, "description": "Queued, as its file was large: `undoing` until it is done"}},
    )
    def undo_import(response: Response, actor: acting, import_id: ImportId) -> ImportView:
        actor.must_be(*IMPORTING)
        number = number_of(import_id)
        response.status_code = start_undo(database, number, actor, later)
        return _show(database, actor, number)


def _finding(row: Row[Any]) -> FindingView:
    return FindingView(**{name: getattr(row, name) for name in FindingView.model_fields})


def place(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{secrets.token_hex(8)}.part"


async def _save(request: Request, path: Path) -> int:
    """Write the body into a file as it arrives; gives its size. Raises `Invalid` for an empty or too large one."""
    size = 0
    with path.open("wb") as file:
        async for chunk in request.stream():
            size += len(chunk)
            if size > MOST_BYTES:
                raise Invalid(f"a file has at most {MOST_BYTES >> 30} GB")
            await run_in_threadpool(file.write, chunk)
    if not size:
        raise Invalid("the request has no file in its body")
    return size


def start(database: Database, wanted: Wanted, size: int, folder: Path, later: Later) -> tuple[int, int]:
    """Import a small file, or leave a large one where the tasks process finds it; gives its number and status.

    Raises `Invalid` for a small file that cannot be read; the row of its import tells where.
    """
    queued = size > AT_ONCE
    with database.unit() as unit:
        number = stored.begin(unit, first_values(wanted, "waiting" if queued else "running"))
        if queued:
            wanted.path.rename(upload_of(folder, number))
            later(unit, number, wanted.full, wanted.dry)
    if not queued:
        report = run_import(database, number, wanted)
        if report.refusal in UNREADABLE:
            raise Invalid(f"the file cannot be read: {report.refusal}", rule=report.refusal, import_id=str(number))
    return number, 202 if queued else 201


def start_undo(database: Database, number: int, actor: Actor, later: UndoLater) -> int:
    """Undo the import of a small file, or leave that of a large one to the tasks process; gives the status.

    Raises `NotFound`, `Conflict` and `ImportedSince`.
    """
    with database.unit() as unit:
        queued = bool(stored.undoable(unit, number, actor).bytes > AT_ONCE)
        if queued:
            stored.change(unit, number, state="undoing", undo_refused=None)
            later(unit, number)
    if not queued:
        undo(database, number, actor)
    return 202 if queued else 200


def _show(database: Database, actor: Actor, number: int) -> ImportView:
    with database.unit() as unit:
        return view(stored.get(unit, number, actor))


def view(row: Row[Any]) -> ImportView:
    same = row.facts.get("same_as")
    fields = {name: getattr(row, name) for name in ImportView.model_fields if name not in {"id", "same_as"}}
    return ImportView(id=str(row.id), same_as=None if same is None else str(same), **fields)


def number_of(import_id: str) -> int:
    """Give the number that an import's id is; raises `NotFound` for one that is none of ours."""
    if not (import_id.isascii() and import_id.isdigit() and len(import_id) < 10):
        raise NotFound(f"there is no import {import_id}")
    return int(import_id)

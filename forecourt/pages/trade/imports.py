"""The parts manager's imports: a file is tried, its rejected rows shown with their rules, imported, and undone."""

import os
import shutil
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, BinaryIO
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from forecourt.http import STATUS
from forecourt.pages.readers import Posted, Reader, WithFile, posted, posted_file, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from forecourt.task_queue import queue_import, queue_undo
from foundation.refusals import Conflict, Invalid, Refusal
from parts_catalog.imports import stored
from parts_catalog.imports.http import FULL, MOST_BYTES, number_of, place, start, start_undo, view
from parts_catalog.imports.running import Wanted
from parts_catalog.permissions import IMPORTING

KEPT_S = 24 * 3600  # a file that was tried waits so long to be imported
Cursor = Annotated[str | None, Query(max_length=1000)]


def router(site: Site) -> APIRouter:
    """Give the routes of imports."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Somebody = Annotated[Reader, Depends(signed_in(site))]  # noqa: N806 - a type
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.get("/imports")
    def listed(reader: Somebody, cursor: Cursor = None, done: str = "") -> Response:
        return _list(reader, cursor=cursor, done=done)

    @routes.post("/imports")
    def tried(sent: Annotated[WithFile, Depends(posted_file(site, "file"))]) -> Response:
        form = sent.form
        form.reader.actor.must_be(*IMPORTING)
        try:
            number = _try(site, form, sent.name, sent.file)
        except Invalid as refusal:
            return _list(form.reader, refusal=refusal)
        return to(f"/imports/{number}")

    @routes.get("/imports/{import_id}")
    def one(import_id: str, reader: Somebody, cursor: Cursor = None, done: str = "") -> Response:
        return _one(reader, import_id, cursor=cursor, done=done)

    @routes.post("/imports/{import_id}/run")
    def run(import_id: str, form: Form) -> Response:
        form.reader.actor.must_be(*IMPORTING)
        try:
            number = _run(site, form, number_of(import_id))
        except (Conflict, Invalid) as refusal:
            return _one(form.reader, import_id, refusal=refusal)
        return to(f"/imports/{number}")

    @routes.post("/imports/{import_id}/undo")
    def undone(import_id: str, form: Form) -> Response:
        form.reader.actor.must_be(*IMPORTING)
        try:
            status = start_undo(site.database, number_of(import_id), form.reader.actor, queue_undo)
        except Conflict as refusal:
            return _one(form.reader, import_id, refusal=refusal)
        return to(f"/imports/{quote(import_id)}" + ("?done=undone" if status == HTTPStatus.OK else ""))

    return routes


def _list(reader: Reader, refusal: Refusal | None = None, *, cursor: str | None = None, done: str = "") -> Response:
    reader.actor.must_be(*IMPORTING)
    with reader.unit() as unit:
        page = stored.listed(unit, reader.actor, 20, cursor)
    return reader.page(
        "parts/imports.html",
        int(STATUS.get(refusal.code, 409)) if refusal else 200,
        imports=[view(row) for row in page.items],
        next=page.next,
        refusal=refusal,
        done=done,
        most_gb=MOST_BYTES >> 30,
    )


def _one(
    reader: Reader, import_id: str, refusal: Refusal | None = None, *, cursor: str | None = None, done: str = ""
) -> Response:
    reader.actor.must_be(*IMPORTING)
    number = number_of(import_id)
    with reader.unit() as unit:
        row = view(stored.get(unit, number, reader.actor))
        page = stored.findings_of(unit, number, reader.actor, 50, cursor)
    kept = row.state == "dry" and row.same_as is None and _kept(reader.site.uploads, number).exists()
    return reader.page(
        "parts/import.html",
        int(STATUS.get(refusal.code, 409)) if refusal else 200,
        row=row,
        findings=page.items,
        next=page.next,
        kept=kept,
        refusal=refusal,
        done=done,
    )


def _try(site: Site, form: Posted, name: str, file: BinaryIO) -> int:
    """Run a file dry, and keep it for the import that may follow; gives the number of the dry run."""
    if not name:
        raise Invalid("please choose a file", why="choose_a_file")
    if file.seek(0, os.SEEK_END) > MOST_BYTES:
        raise Invalid(
            f"a file has at most {MOST_BYTES >> 30} GB", why="file_too_large", told={"gigabytes": MOST_BYTES >> 30}
        )
    file.seek(0)
    mode = form.text("mode") or None
    path = place(site.uploads)
    kept = path.with_suffix(".tried")
    now = form.reader.now.timestamp()
    _forget(site.uploads, now)
    try:
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        if not path.stat().st_size:
            raise Invalid("the file is empty", why="file_empty")
        os.link(path, kept)
        os.utime(kept, (now, now))
        number = _start(site, form, path, name[:200], mode, dry=True)
        kept.rename(_kept(site.uploads, number))
    finally:
        path.unlink(missing_ok=True)
        kept.unlink(missing_ok=True)
    return number


def _run(site: Site, form: Posted, tried: int) -> int:
    """Import the file of a dry run, once; gives the number of the import. Raises `Conflict` when it is not kept."""
    with site.database.unit() as unit:
        row = stored.get(unit, tried, form.reader.actor)
    path = place(site.uploads)
    try:
        _kept(site.uploads, tried).rename(path)
    except FileNotFoundError:
        raise Conflict(
            "this file is imported already, or no longer kept: please send it again", why="imported_or_gone"
        ) from None
    try:
        return _start(site, form, path, row.file_name, row.mode, dry=False)
    finally:
        path.unlink(missing_ok=True)


def _start(site: Site, form: Posted, path: Path, name: str, mode: str | None, *, dry: bool) -> int:
    if mode not in FULL:
        raise Invalid("a file is read as a full or an incremental one", why="not_of_this_page")
    actor = form.reader.actor
    wanted = Wanted(path, name, actor.organisation, actor.account, FULL[mode], dry)
    number, _ = start(site.database, wanted, path.stat().st_size, site.uploads, queue_import)
    return number


def _kept(folder: Path, number: int) -> Path:
    return folder / f"{number}.tried"


def _forget(folder: Path, now: float) -> None:
    for path in folder.glob("*.tried"):
        if path.stat().st_mtime < now - KEPT_S:
            path.unlink(missing_ok=True)

"""The commands on the server's own machine: what they print, and how they end."""

import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import delete
from typer.testing import CliRunner

from forecourt.commands import COMMANDS, build
from foundation.identity import open_session, session_of
from foundation.refusals import NotFound
from foundation.tables import events
from tests.privacy.scene import CAR, EMAIL, NAME, NEEDLES, Scene, places


def test_export_erase_verify(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECOURT_DATABASE_URL", scene.database.url)
    monkeypatch.setenv("FORECOURT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FORECOURT_ARCHIVE_URL", str(scene.folder))
    app, run = build(COMMANDS), CliRunner().invoke
    out = tmp_path / "zhao.zip"
    assert run(app, ["account", "export", EMAIL, "--out", str(out)], catch_exceptions=False).output == f"{out}\n"
    with zipfile.ZipFile(out) as file:
        assert NAME in file.read("person.json").decode()
        assert [name for name in file.namelist() if name.startswith(f"readings/{CAR}/")]
    assert isinstance(run(app, ["account", "export", EMAIL, "--out", str(out)]).exception, FileExistsError)
    link = run(app, ["account", "link", EMAIL], catch_exceptions=False).output.strip().removeprefix("/sign-in#")
    with scene.database.unit() as unit:
        assert session_of(unit, open_session(unit, link)).actor == scene.owner
    erased = run(app, ["account", "erase", EMAIL, "--vehicles"], catch_exceptions=False)
    assert erased.output.splitlines()[-1] == scene.owner.account
    assert [it for it in NEEDLES if places(scene.database, scene.folder, it)] == []
    assert isinstance(run(app, ["account", "erase", EMAIL]).exception, NotFound)
    sealed = run(app, ["audit", "seal"], catch_exceptions=False).output.split()[-1]
    whole = run(app, ["audit", "verify", "--json", "--seal", sealed], catch_exceptions=False)
    found = json.loads(whole.output)
    assert (whole.exit_code, found["whole"], found["seal"]["digest"]) == (0, True, sealed)
    with scene.database.engine.begin() as connection:
        connection.execute(delete(events).where(events.c.subject == scene.orders["order"], events.c.number == 2))
    broken = run(app, ["audit", "verify"])
    assert broken.exit_code == 1
    assert broken.output == f"broken: {scene.orders['order']} at 2: an event is missing\n"

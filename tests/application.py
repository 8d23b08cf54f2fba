"""The application as it is composed, built once for all tests of a process: to build it costs more than most tests do.

Whoever asks for it gets it as new: over his own database, archive and folder, and remembering nothing. What it holds is
made anew where it stands, for the routes know the objects and not their names.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from forecourt.compose import build_app
from forecourt.rate_limits import RateLimits
from forecourt.settings import Settings
from foundation.database import Database
from foundation.follow import Wakeups
from ingest.archive import Archive


@dataclass
class _Stage:
    """An application whose data directory is a link."""

    app: FastAPI
    database: Database
    archive: Archive
    link: Path
    limits: RateLimits
    settings: Settings


_stages: dict[str, _Stage] = {}
_models: list[Path] = []  # what building left in the data directory: it is put into everybody's


def compose(folder: Path, database: Database, archive: Archive, use: str = "clients") -> FastAPI:
    """Give the application by the settings' defaults; whoever was given it before for the same use is done with it."""
    stage = _stages.get(use) or _stages.setdefault(use, _built(use, folder, database))
    for secret in (_models[0] / "secrets").iterdir():
        theirs = folder / "secrets" / secret.name
        assert not theirs.exists() or theirs.read_text() == secret.read_text(), "whoever has secrets builds his own"
    shutil.copytree(_models[0], folder, dirs_exist_ok=True)
    stage.link.unlink()
    stage.link.symlink_to(folder, target_is_directory=True)
    stage.database.__dict__ = database.__dict__
    stage.archive.__dict__ = archive.__dict__
    Wakeups.__init__(stage.app.state.wakeups, database.url)
    RateLimits.__init__(stage.limits, stage.settings)
    stage.app.middleware_stack = None
    return stage.app


def _built(use: str, folder: Path, database: Database) -> _Stage:
    if not _models:  # beside the first folder, which pytest clears away
        _models.append(Path(tempfile.mkdtemp(prefix="application-", dir=folder.parent)) / "model")
        _models[0].mkdir()
    link = _models[0].with_name(use)
    link.symlink_to(_models[0], target_is_directory=True)
    settings, ours, archive = Settings(data=link), Database(database.url), Archive(_models[0])
    app = build_app(settings, ours, archive)
    limits = next(it for layer in app.user_middleware if isinstance(it := layer.kwargs.get("limits"), RateLimits))
    return _Stage(app, ours, archive, link, limits, settings)

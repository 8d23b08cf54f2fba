import socket
import stat
from pathlib import Path

import pytest

from forecourt.supervision.errors import SupervisionError
from forecourt.supervision.paths import DataPaths, port_is_free


def test_secrets_are_remembered_and_closed_to_others(paths: DataPaths):
    secret = paths.secret("database")
    assert len(secret) >= 32
    assert paths.secret("database") == secret != paths.secret("broker")
    assert stat.S_IMODE(paths.secrets.stat().st_mode) == 0o700
    assert stat.S_IMODE((paths.secrets / "database").stat().st_mode) == 0o600


def test_a_port_is_remembered_until_a_stranger_takes_it(paths: DataPaths):
    port = paths.port("broker")
    assert paths.port("broker") == port
    with socket.create_server(("127.0.0.1", port)):
        assert not port_is_free(port)
        other = paths.port("broker")
    assert other != port
    assert paths.remembered_port("broker") == other


def test_a_directory_that_cannot_be_made_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(SupervisionError, match="cannot be used"):
        DataPaths.prepare(tmp_path / "file")

"""Where the demo's workshops report their repairs: a simulated platform, unless the settings name real ones."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from aftersales.seed import WORKSHOPS
from forecourt.settings import Settings
from simulators.record_platform import Platform, running

COMPANY = "demo"


@contextmanager
def reporting(settings: Settings) -> Iterator[Settings]:
    """Let a platform listen for as long as the block lasts, and give settings by which the workshops report to it."""
    if settings.record_platforms is not None:
        yield settings
        return
    password = secrets.token_hex(8)
    settings.data.mkdir(parents=True, exist_ok=True)
    path = settings.data / "demo_record_platforms.json"
    with running(Platform({COMPANY: password})) as platform:
        said = {
            "province": "shanghai",
            "url": platform.url,
            "company_code": COMPANY,
            "company_password": password,
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(dict.fromkeys(WORKSHOPS, said)), "utf-8")
        yield settings.model_copy(update={"record_platforms": path})

"""The provinces whose platforms are known, one row each, and which workshop reports to which of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from forecourt.record_platform.chengdu import Chengdu
from forecourt.record_platform.port import Company, Platforms, RecordPlatform
from forecourt.record_platform.shanghai import Shanghai
from foundation.refusals import Invalid


class Adapter(Protocol):
    def __call__(self, company: Company, name: str) -> RecordPlatform: ...


PROVINCES: Mapping[str, Adapter] = {
    "shanghai": Shanghai,
    "zhejiang": Shanghai,  # seen at an address of its own, with the same paths and fields
    "chengdu": Chengdu,
}
FIELDS = ("province", "url", "company_code", "company_password")


def read_platforms(path: Path | None) -> Platforms:
    """Read which workshop reports where: a JSON object by workshop, each with `FIELDS`. None: nobody reports.

    Raises `Invalid` for a file that says something else.
    """
    if path is None:
        return {}
    try:
        written = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise Invalid(f"{path} is no JSON") from error
    if isinstance(written, dict):
        return {workshop: _platform(path, workshop, said) for workshop, said in written.items()}
    raise Invalid(f"{path} holds no object by workshop")


def _platform(path: Path, workshop: str, said: Any) -> RecordPlatform:
    if not isinstance(said, dict) or set(said) != set(FIELDS) or not all(isinstance(it, str) for it in said.values()):
        raise Invalid(f"{path}: {workshop} is to have {', '.join(FIELDS)}, each a text")
    province, url, code, password = (said[name] for name in FIELDS)
    if province not in PROVINCES:
        raise Invalid(f"{path}: {workshop}: there is no adapter for {province!r}, but for {', '.join(PROVINCES)}")
    if not url.startswith(("https://", "http://")):
        raise Invalid(f"{path}: {workshop}: {url!r} is no address")
    return PROVINCES[province](Company(url, code, password), province)

"""The docs are part of the product: generated pages are current, and every command and file that is named exists."""

import re
from pathlib import Path

import pytest

from forecourt import reference
from forecourt.commands import COMMANDS

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("name", reference.pages())
def test_a_generated_page_is_current(name: str) -> None:
    written = (ROOT / "docs" / name).read_text("utf-8")
    assert written == reference.pages()[name], "run: python -m forecourt.reference"


def test_every_command_stands_in_the_readme_or_the_guide() -> None:
    text = "".join((ROOT / name).read_text("utf-8") for name in ("README.md", "docs/commands.md"))
    assert [name for name in COMMANDS if f"forecourt {name}" not in text] == []


@pytest.mark.parametrize("page", ["README.md", "docs/flow.md", "docs/elm327.md"])
def test_files_that_a_page_names_exist(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    named = set(re.findall(r"(?<![/\w])((?:[a-z_]+/)+[a-z_0-9]+\.(?:py|md|csv))\b", text))
    assert named
    assert sorted(name for name in named if not (ROOT / name).exists()) == []

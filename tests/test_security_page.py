"""The page about security names all ten risks, and files and tests that exist."""

import ast
import re
from pathlib import Path

import pytest

from forecourt.compose import build_app
from forecourt.settings import Settings
from foundation.database import Database
from ingest.archive import Archive

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/security.md").read_text("utf-8")
RISKS = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
ADDRESS = re.compile(r"ur[il]|href|host|endpoint|callback|redirect|webhook")


def named_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text("utf-8"))
    return {one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_all_ten_stand_there_in_order() -> None:
    assert [risk.split()[0] for risk in RISKS] == [f"API{number}" for number in range(1, 11)]


@pytest.mark.parametrize("risk", RISKS, ids=lambda risk: risk.split()[0])
def test_each_names_files_and_tests_that_exist(risk: str) -> None:
    files = re.findall(r"`((?:[a-z_]+/)+\w+\.py)`", risk)
    tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", risk)
    assert files
    assert tests
    assert [name for name in files if not (ROOT / name).is_file()] == []
    assert [name for file, name in tests if name not in named_in(ROOT / file)] == []


def test_no_body_and_no_query_but_a_webhook_s_names_an_address(database: Database, tmp_path: Path) -> None:
    """Whoever adds one has to say on the page how it is kept from reaching the inside."""
    app = build_app(Settings(data=tmp_path), database, Archive(tmp_path))
    document = app.openapi()
    routes = {path: route for path, route in document["paths"].items() if not path.startswith("/v1/webhooks")}
    assert len(routes) < len(document["paths"])
    bodies = {
        found
        for route in routes.values()
        for operation in route.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for found in _names(content, document)
    }
    queries = {
        one["name"]
        for route in routes.values()
        for operation in route.values()
        for one in operation.get("parameters", ())
    }
    assert {"slot", "vehicle"} <= bodies
    assert "near" in queries
    assert sorted(name for name in bodies | queries if ADDRESS.search(name.lower())) == []


def _names(schema: object, document: dict[str, object]) -> set[str]:
    """Give the names of all properties below a schema, references followed."""
    if isinstance(schema, list):
        return {name for one in schema for name in _names(one, document)}
    if not isinstance(schema, dict):
        return set()
    if "$ref" in schema:
        found: object = document
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            assert isinstance(found, dict)
            found = found[step]
        return _names(found, document)
    below = {name for one in schema.values() for name in _names(one, document)}
    return below | set(schema.get("properties", ()))

"""The AsyncAPI document says what the code does: every topic and no other, and its examples are understood."""

import json
from typing import Any

import jsonschema_rs
import pytest
import yaml

from forecourt import asyncapi
from forecourt.asyncapi_kinds import BINARY, JSON
from ingest.arrived import Arrived
from ingest.dialects import DIALECTS, decode, subscriptions
from ingest.dialects.dialect import Ours
from ingest.envelope import Malformed
from ingest.topics import DOWN, UP, Kind, filter_of
from tests.conftest import NOON

DOCUMENT = yaml.safe_load(asyncapi.page())
CHANNELS = DOCUMENT["channels"]


def _resolve(reference: dict[str, str]) -> Any:
    found = DOCUMENT
    for step in reference["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_the_file_holds_what_the_code_says() -> None:
    assert json.loads(json.dumps(asyncapi.document())) == DOCUMENT


def test_every_topic_is_there_and_no_other() -> None:
    told = {it["address"].replace("{device}", "+").replace("{rest}", "#") for it in CHANNELS.values()}
    assert told == {*subscriptions(), *map(filter_of, DOWN)}
    actions = {name: DOCUMENT["operations"][name]["action"] for name in CHANNELS}
    assert {name for name, it in actions.items() if it == "send"} == set(DOWN)
    assert {it.kind for it in DIALECTS if isinstance(it, Ours)} == UP


def test_its_parts_refer_to_each_other_as_asyncapi_3_wants() -> None:
    assert (DOCUMENT["asyncapi"], set(DOCUMENT["operations"])) == ("3.0.0", set(CHANNELS))
    for name, channel in CHANNELS.items():
        assert {f"{{{it}}}" for it in channel["parameters"]} == {
            f"{{{it.partition('}')[0]}}}" for it in channel["address"].split("{")[1:]
        }
        assert all(_resolve(it)["description"] for it in channel["parameters"].values())
        assert _resolve(channel["messages"][name])["payload"]
        operation = DOCUMENT["operations"][name]
        assert _resolve(operation["channel"]) is channel
        assert operation["bindings"]["mqtt"]["qos"] == 1
    for server in DOCUMENT["servers"].values():
        assert [_resolve(it)["type"] for it in server["security"]] == ["userPassword"]
    assert [name for name, it in DOCUMENT["operations"].items() if it["bindings"]["mqtt"]["retain"]] == [Kind.STATUS]


@pytest.mark.parametrize("name", CHANNELS)
def test_an_example_fits_its_schema_and_is_understood(name: str) -> None:
    message = DOCUMENT["components"]["messages"][name]
    example = message["examples"][0]["payload"]
    if message["contentType"] != BINARY:
        assert jsonschema_rs.is_valid(message["payload"], example)
    if DOCUMENT["operations"][name]["action"] == "send":
        return
    words = json.dumps(example) if message["contentType"] == JSON else example
    payload = bytes.fromhex(words) if message["contentType"] == BINARY else words.encode()
    found = decode([Arrived(asyncapi.example_topic(name), payload, NOON)])
    assert found
    assert [it.content for it in found if isinstance(it.content, Malformed)] == []
    assert {it.device for it in found} == {"d"}

"""Requests made from the OpenAPI document, with each role's token: no fault, and answers as the document says."""

import warnings
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from foundation.access import Relation
from foundation.identity import Role, issue_token
from tests.access.scene import HOUSES, Scene, build
from tests.aftersales.world import GARAGE, World

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
MANY = 60  # requests of each role to each operation in `make soak`


@pytest.fixture
def scene(world: World, tmp_path: Path) -> Scene:
    return build(world, tmp_path)


def home_of(role: Role) -> Relation:
    """Give the house in which a role is at work: the garage's people there, all others in the family's."""
    at_the_garage = {Role.TECHNICIAN, Role.ADVISOR, Role.WORKSHOP_MANAGER, Role.PARTS_MANAGER}
    return next(one for one, house in HOUSES.items() if (house == GARAGE) is (role in at_the_garage))


def walk(scene: Scene, roles: Sequence[Role], examples: int | None) -> None:
    """Ask every operation; what names something that is there gets past the first refusal.

    The operations go round the roles. Without a number of examples each is asked twice: for what is there, and for
    what is not.
    """
    document = schemathesis.openapi.from_asgi("/openapi.json", scene.app)
    operations = [found.ok() for found in document.get_all_operations() if found.ok().path != "/v1/me/erasure"]
    assert operations
    wrong = []
    for operation, role in zip(operations, cycle(roles), strict=False):
        with scene.world.database.unit() as unit:  # one of its own: he may have signed out everywhere
            headers = {"Authorization": f"Bearer {issue_token(unit, scene.people[home_of(role), role])}"}
        ask = _asker(operation, scene, headers)
        stream = operation.path.endswith("/progress")  # one that is there does not end
        chosen = [st.booleans()] if examples else [st.just(True), st.just(False)]
        for there in [st.just(False)] if stream else chosen:
            bounded = hypothesis.settings(
                max_examples=examples or 1,
                deadline=None,
                database=None,
                derandomize=not examples,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            try:
                bounded(given(operation.as_strategy(), there)(ask))()
            except (FailureGroup, Failure) as failure:  # all of them are told at once
                told = map(str, getattr(failure, "exceptions", ()))
                wrong.append(f"{role}: {operation.label}: {failure}\n" + "\n".join(told))
    assert not wrong, "\n\n".join(wrong)


def _asker(operation: Any, scene: Scene, headers: dict[str, str]) -> Callable[[Any, bool], None]:
    def ask(case: Any, there: bool) -> None:
        if there:
            known = {name: scene.ids[name] for name in case.path_parameters if scene.ids.get(name)}
            case.path_parameters = {**case.path_parameters, **known}
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            case.call_and_validate(headers=headers, checks=CHECKS)

    return ask


@pytest.mark.parametrize("first", [0, 4])
def test_each_operation_meets_two_roles_and_neither_a_fault_nor_anything_undocumented(scene: Scene, first: int) -> None:
    walk(scene, [*Role][first:] + [*Role][:first], None)


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("role", list(Role))
def test_each_role_meets_none_of_it_in_many_tries(scene: Scene, role: Role) -> None:
    walk(scene, [role], MANY)

"""A page's refusal is in its reader's words: every code that is raised has a headline, every reason its sentence."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import forecourt
from aftersales.cases import RepairOrderState
from aftersales.repair.inspections import Light, Stage
from aftersales.repair.progress import StepBlocked
from forecourt.pages.refusal_words import HEADLINE, WHY
from forecourt.pages.rendering import environment
from foundation.refusals import Conflict, Invalid

ROOT = Path(forecourt.__file__).parents[1]
PACKAGES = ("aftersales", "diagnostics", "forecourt", "foundation", "ingest", "parts_catalog")
# Their headline leaves open what stands in the way: wherever one is made, it names its reason.
OPEN = ("Conflict", "Invalid", "StepBlocked", "NotSettleable", "TooMuch")
# No page leads to these: the wire, the car's end, files of readings, commands on a console, what is set up at a start.
ELSEWHERE = re.compile(
    r"http\.py$|/bodies\.py$|^parts_catalog/(imports/(exporting|references)|vin/stored)|^ingest/(edge/|archive/|trips|address|publisher|rejections|vehicles)|^diagnostics/training/"
    r"|^forecourt/(commands/|record_platform/|car_end|evaluation|verdict_training)|^foundation/(http|events|money)"
)
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Made:
    """One place where a refusal is made: of which class, why, and what it tells by name."""

    place: str
    kind: str
    why: str | None
    told: frozenset[str]


@cache
def _trees() -> dict[str, ast.Module]:
    files = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in files}


@cache
def codes() -> dict[str, str]:
    """Give the code of every class of refusals, as its body or the nearest above it says."""
    found, defined = {"Refusal": "refused"}, [node for tree in _trees().values() for node in ast.walk(tree)]
    classes = [node for node in defined if isinstance(node, ast.ClassDef)]
    for _ in range(4):  # as deep as the tree of refusals is
        for node in classes:
            above = [found[name] for base in node.bases if (name := _name(base)) in found]
            if above:
                says = [one for one in node.body if isinstance(one, ast.Assign) and _name(one.targets[0]) == "code"]
                found[node.name] = ast.literal_eval(says[0].value) if says else above[0]
    return found


def made() -> Iterator[Made]:
    for file, tree in _trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (kind := _name(node.func)) in codes():
                given = {one.arg: one.value for one in node.keywords if one.arg}
                why, told = given.pop("why", None), given.pop("told", None)
                names = {ast.literal_eval(key) for key in told.keys if key} if isinstance(told, ast.Dict) else set()
                place = f"{file}:{node.lineno}"
                yield Made(place, kind, ast.literal_eval(why) if why else None, frozenset({*given, *names}))


def _name(node: ast.expr) -> str:
    return getattr(node, "id", None) or getattr(node, "attr", "")


def test_every_code_has_its_headline() -> None:
    assert len(codes()) > 50
    spoken = {code for kind, code in codes().items() if kind not in ("Refusal", "Unconditional")}
    assert spoken == set(HEADLINE)


def test_every_reason_that_a_page_can_meet_has_its_words() -> None:
    rows = [one for one in made() if not ELSEWHERE.search(one.place.partition(":")[0])]
    assert len(rows) > 300
    assert [one.place for one in rows if one.kind in OPEN and one.why is None] == []
    assert [(one.place, one.why) for one in made() if one.why is not None and one.why not in WHY] == []
    assert set(WHY) - {one.why for one in made()} == set()


def test_words_name_only_what_their_refusal_tells() -> None:
    lacking = [
        (one.place, name)
        for one in made()
        if one.why is not None
        for name in PLACEHOLDER.findall(WHY[one.why])
        if name not in one.told
    ]
    assert lacking == []


@pytest.mark.parametrize(
    ("refusal", "english", "chinese"),
    [
        (
            StepBlocked("", why="step_not_now", told={"step": "start"}, state=RepairOrderState.RELEASED.value),
            "The repair stands at: Car handed over. This cannot be done now: Start the work.",
            "维修状态：车辆已交付。现在不能执行：开始施工。",
        ),
        (
            Conflict("", why="points_left", left=["bodywork"]),
            "Not looked at yet: Bodywork and glass.",
            "尚未检查：车身与玻璃。",
        ),
        (
            Invalid("", why="step_needs", told={"step": "check_in", "lacking": ["note", "mileage_km"]}),
            "Still needed for “Receive the car”: a note, the mileage.",
            "“接车”还需要：备注、行驶里程。",
        ),
    ],
)
def test_what_a_refusal_names_is_in_the_readers_language_too(
    refusal: Conflict | Invalid, english: str, chinese: str
) -> None:
    for language, words in (("en", english), ("zh_CN", chinese)):
        template = environment(language).from_string(
            '{% from "refused/reason.html" import spoken %}{{ spoken(refusal) }}'
        )
        assert template.render(refusal=refusal).strip() == words


def test_states_stages_and_lights_are_never_left_as_their_codes() -> None:
    reason = environment("zh_CN").filters["reason"]
    said = [reason(Conflict("", why="not_worked_on", state=one.value)) for one in RepairOrderState]
    said += [reason(Conflict("", why="inspection_begun", told={"stage": one.value})) for one in Stage]
    said += [reason(Invalid("", why="light_needs_note", told={"light": one.value})) for one in Light]
    assert [words for words in said if re.search(r"[A-Za-z]", words)] == []

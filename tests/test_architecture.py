"""The plan of the house as a test: who imports whom, the doors of third parties, sizes and names."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("foundation", "ingest", "diagnostics", "parts_catalog", "aftersales", "simulators", "forecourt")
ALL = frozenset({"*"})

# Literally architecture.md's; a test below compares the two where the design lies beside the project.
TABLE = """\
| from \\ may import | foundation | ingest | diagnostics | parts_catalog | aftersales |
|---|---|---|---|---|---|
| foundation | own | – | – | – | – |
| ingest | yes | own | – | – | – |
| diagnostics | yes | contracts* | own | – | – |
| parts_catalog | yes | contracts* (VehicleConfig) | – | own | – |
| aftersales | yes | contracts* | contracts* | contracts* + five named functions: fitment, stock, prices, payments, provenance | own |
| simulators | – | contracts* + `ingest/trips.py`, `ingest/publisher.py` | contracts* (fault names) | – | – |
| forecourt | all | all | all | all | all, and simulators |
"""  # noqa: E501 - a literal copy
CONTRACTS = {
    "ingest": frozenset({"signals", "topics", "envelope", "readings", "vehicles"}),
    "diagnostics": frozenset({"findings", "faults"}),
    "parts_catalog": frozenset({"parts"}),
    "aftersales": frozenset({"cases"}),
}
# Files over 400 and functions over 60 lines that are allowed, each with its reason.
LONG_FILES: dict[str, str] = {
    "ingest/signals.py": "two tables, signals and PIDs: one row per fact",
}
REVISIONS = "forecourt/migrations/versions/"  # a revision lists the tables of one package, and is never edited
LONG_FUNCTIONS: dict[str, str] = {
    "ingest/signals.py:_rows": "the table of signals: one row per fact, nothing else",
    "ingest/signals.py:_pids": "the table of PIDs: one row per fact, nothing else",
    # One compiled pass over the seconds of a trip: its accumulators are the scalars of one loop, and handing some forty
    # of them to smaller functions and back costs more lines, and more time, than it saves.
    **dict.fromkeys(
        (
            "diagnostics/measures/air.py:_measure",
            "diagnostics/measures/charging.py:_pass",
            "diagnostics/measures/coolant.py:_pass",
            "diagnostics/measures/exhaust.py:_pass",
            "diagnostics/measures/mixture.py:_measure",
            "simulators/vehicle.py:_drive",
        ),
        "one compiled loop",
    ),
}
DRAWERS = {"utils", "util", "common", "core", "shared", "helpers", "misc"}


def allowed_modules(room: str, cell: str) -> frozenset[str]:
    """Read one cell of the table: which files of `room` may be imported."""
    if cell in {"own", "yes", "all", "all, and simulators"}:
        return ALL
    if cell == "–":
        return frozenset()
    added = {
        "contracts*": frozenset(),
        "contracts* + five named functions: fitment, stock, prices, payments, provenance": frozenset(
            {"fitment", "stock", "prices", "payments", "provenance"}
        ),
        "contracts* + `ingest/trips.py`, `ingest/publisher.py`": frozenset({"trips", "publisher"}),
    }
    narrowed = {
        "contracts* (VehicleConfig)": frozenset({"vehicles"}),
        "contracts* (fault names)": frozenset({"faults"}),
    }
    return narrowed[cell] if cell in narrowed else CONTRACTS[room] | added[cell]


def read_table() -> dict[tuple[str, str], frozenset[str]]:
    header, _, *rows = ([cell.strip() for cell in row.split("|")[1:-1]] for row in TABLE.splitlines())
    table = {
        (row[0], room): allowed_modules(room, cell)
        for row in rows
        for room, cell in zip(header[1:], row[1:], strict=True)
    }
    table[("simulators", "simulators")] = table[("forecourt", "simulators")] = ALL
    table[("forecourt", "forecourt")] = ALL
    return table


def imports_of(source: str) -> Iterator[str]:
    """Yield what a file imports, as dotted names; relative imports stay inside their room."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def forbidden_imports(room: str, source: str) -> list[str]:
    table = read_table()
    found = []
    for name in imports_of(source):
        target, file, *_ = [*name.split("."), ""]
        if target in ROOMS:
            allowed = table.get((room, target), frozenset())
            if allowed is not ALL and file not in allowed:
                found.append(f"{room} imports {name}")
    return found


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_the_table_allows(room: str):
    assert [
        f"{path.relative_to(ROOT)}: {found}"
        for path in python_files(room)
        for found in forbidden_imports(room, path.read_text("utf-8"))
    ] == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("foundation", "import ingest.signals"),
        ("ingest", "from diagnostics.findings import Finding"),
        ("diagnostics", "from ingest.archive import Archive"),
        ("diagnostics", "from ingest import archive"),
        ("diagnostics", "def inside():\n    import ingest.gate"),
        ("parts_catalog", "from ingest.signals import SIGNALS"),
        ("parts_catalog", "import diagnostics.faults"),
        ("aftersales", "from parts_catalog.orders import place"),
        ("aftersales", "from ingest import *"),
        ("simulators", "from foundation.clock import Clock"),
        ("simulators", "from diagnostics.findings import Finding"),
        ("ingest", "from forecourt.settings import Settings"),
        ("aftersales", "import simulators.fleet"),
    ],
)
def test_a_violating_sample_is_found(room: str, source: str):
    assert len(forbidden_imports(room, source)) == 1


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("diagnostics", "from ingest.signals import SIGNALS"),
        ("aftersales", "from parts_catalog import stock"),
        ("simulators", "from ingest.publisher import Publisher"),
        ("parts_catalog", "from ingest.vehicles import VehicleConfig"),
        ("forecourt", "import simulators.fleet, aftersales.cases"),
    ],
)
def test_an_allowed_sample_is_not_found(room: str, source: str):
    assert forbidden_imports(room, source) == []


def test_the_table_is_the_one_of_the_design(shared: Path):
    assert TABLE in (shared / "design" / "architecture.md").read_text("utf-8")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_import_contracts_are_kept():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


def test_every_import_contract_can_break(tmp_path: Path):
    shutil.copy(ROOT / ".importlinter", tmp_path)
    sins = {
        "foundation/clock.py": "import forecourt\nimport paho.mqtt\nimport pyarrow\nimport lightgbm\nimport obd\n",
        "diagnostics/findings.py": "import ingest.gate\nimport sqlalchemy\n",
        "parts_catalog/parts.py": "import ingest.signals\nimport fastapi\n",
        "aftersales/cases.py": "import parts_catalog.orders\n",
        "simulators/fleet.py": "import foundation.clock\nimport vininfo\nimport openpyxl\nimport wechatpayv3\n",
        "ingest/gate.py": "import alipay\nimport standardwebhooks\nimport zxingcpp\n",
        "parts_catalog/orders.py": "",
    }
    contracts = {f"{room}/{name}.py": "" for room, names in CONTRACTS.items() for name in names}
    for name, text in {**{f"{room}/__init__.py": "" for room in ROOMS}, **contracts, **sins}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    done = lint_imports(tmp_path)
    wanted = re.findall(r"^name = (.+)$", (ROOT / ".importlinter").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"^(.+) BROKEN", done.stdout, re.MULTILINE)) == set(wanted)


def code_lines(path: Path) -> int:
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    return sum(1 for line in lines if line and not line.startswith("#"))


def test_foundation_stays_under_a_tenth_of_the_code():
    foundation = sum(map(code_lines, python_files("foundation")))
    assert foundation < sum(map(code_lines, python_files(*ROOMS))) / 10


def test_files_and_functions_are_short_or_have_a_reason():
    long = {}
    for path in python_files(*ROOMS, "tests", "benchmarks", "scripts"):
        text = path.read_text("utf-8")
        name = str(path.relative_to(ROOT))
        if len(text.splitlines()) > 400 and name not in LONG_FILES:
            long[name] = len(text.splitlines())
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > 60 and f"{name}:{node.name}" not in LONG_FUNCTIONS and not name.startswith(REVISIONS):
                    long[f"{name}:{node.name}"] = lines
    assert long == {}


def test_there_is_no_drawer_and_no_service_class():
    names = [str(path.relative_to(ROOT)) for path in python_files(*ROOMS) if DRAWERS & {*path.parts, path.stem}]
    classes = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in python_files(*ROOMS)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef) and node.name.endswith("Service")
    ]
    assert names + classes == []

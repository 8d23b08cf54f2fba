"""The benchmark runner: what it accepts, what it calls a miss, and what it writes."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The runner, over benchmarks in a folder of the test's own."""
    spec = importlib.util.spec_from_file_location("bench_runner", ROOT / "benchmarks/run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_runner", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    monkeypatch.setattr(module, "OUTPUT", tmp_path / "var/bench.json")
    monkeypatch.setattr(sys, "argv", ["run.py"])
    return module


def add(folder: Path, name: str, text: str) -> None:
    (folder / f"bench_{name}.py").write_text(text, "utf-8")


def printing(value: float, wanted: str) -> str:
    row = {"name": "share of the limit", "value": value, "unit": "ratio", "against": "a plain copy", "wanted": wanted}
    return f"print('warming up')\nprint({json.dumps(json.dumps([row]))})\n"


@pytest.mark.parametrize(("value", "code"), [(0.7, 0), (0.3, 1)])
def test_a_missed_bound_fails_the_run_and_is_written(runner: ModuleType, tmp_path: Path, value: float, code: int):
    add(tmp_path, "copy", printing(value, ">= 0.5"))
    assert runner.main() == code
    report = json.loads((tmp_path / "var/bench.json").read_text("utf-8"))
    assert [(row["benchmark"], row["value"], row["met"]) for row in report["results"]] == [
        ("bench_copy", value, code == 0)
    ]
    assert set(report["machine"]) == {"cpus", "system", "python"}


def test_a_crashing_benchmark_fails_the_run_but_not_its_siblings(
    runner: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    add(tmp_path, "a", "raise SystemExit(3)")
    add(tmp_path, "b", printing(1.0, "<= 2"))
    assert runner.main() == 1
    assert "bench_a.py failed with exit code 3." in capsys.readouterr().out
    assert len(json.loads((tmp_path / "var/bench.json").read_text("utf-8"))["results"]) == 1

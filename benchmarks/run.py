"""Runs every `bench_*.py` beside it and reports: a table for people, `var/bench.json` for comparison.

A benchmark is a program that prints one JSON list on its last line of output and exits 0. Each entry is
`{"name": ..., "value": number, "unit": ..., "against": what it is compared with or null, "wanted": ">= 0.5" or null}`.
Ratios carry from machine to machine, rates do not: whatever can be a ratio of two figures of the same run is one.
`wanted` is checked here; one miss makes the run fail.
"""

import argparse
import json
import operator
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).resolve().parent
OUTPUT = FOLDER.parent / "var" / "bench.json"
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le}


class BenchmarkError(Exception):
    pass


@dataclass(frozen=True)
class Result:
    benchmark: str
    name: str
    value: float
    unit: str
    against: str | None = None
    wanted: str | None = None

    @property
    def met(self) -> bool | None:
        if self.wanted is None:
            return None
        sign, bound = self.wanted.split()
        return _COMPARISONS[sign](self.value, float(bound))


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the benchmarks.")
    parser.add_argument("names", nargs="*", help="only those whose file name contains one of these words")
    words: list[str] = parser.parse_args().names
    files = [
        file for file in sorted(FOLDER.glob("bench_*.py")) if not words or any(word in file.stem for word in words)
    ]
    console = Console()
    results: list[Result] = []
    failures = []
    for file in files:
        console.print(f"running {file.stem} ...", highlight=False)
        try:
            results += run(file)
        except BenchmarkError as error:
            failures.append(str(error))
    write(results, OUTPUT)
    console.print(table_of(results))
    for sentence in failures:
        console.print(sentence, style="red", highlight=False)
    return 1 if failures or any(result.met is False for result in results) else 0


def run(file: Path) -> list[Result]:
    done = subprocess.run(  # noqa: S603 - our own benchmarks
        [sys.executable, str(file)], cwd=FOLDER.parent, stdout=subprocess.PIPE, text=True, check=False
    )
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        raise BenchmarkError(f"{file.name} failed with exit code {done.returncode}.")
    return [Result(benchmark=file.stem, **entry) for entry in json.loads(lines[-1])]


def write(results: list[Result], path: Path) -> None:
    machine = {"cpus": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
    rows = [{**asdict(result), "met": result.met} for result in results]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"machine": machine, "results": rows}, indent=1) + "\n", "utf-8")


def table_of(results: list[Result]) -> Table:
    table = Table("benchmark", "measure", "value", "unit", "against", "wanted", title="make bench")
    for result in results:
        value = f"{result.value:.4g}" if result.met is not False else f"[red]{result.value:.4g}[/red]"
        table.add_row(result.benchmark, result.name, value, result.unit, result.against or "", result.wanted or "")
    return table


if __name__ == "__main__":
    sys.exit(main())

"""How the figures of our processes reach `/metrics`: each writes its own beside its heartbeat, the API reads all.

A file per process, replaced whole once a second: it can be read while the database is away, which is when people look
(a row per worker could not), and nothing is left of process ids that are no more (prometheus_client's own way for many
processes keeps those, and drops memory and processor time). A process's counters begin at 0 when it starts anew, as
Prometheus expects of counters; what was committed is counted for ever by `GET /v1/ingest/counts`.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric

from forecourt.heartbeat import Heartbeat
from forecourt.supervision.paths import DataPaths

_SUFFIX = ".figures"


class FiguresFile:
    """The figures of one process."""

    def __init__(self, paths: DataPaths, process: str, registry: CollectorRegistry) -> None:
        self._path = paths.run / f"{process}{_SUFFIX}"
        self._registry = registry

    def write(self) -> None:
        """Replace the file; not synced, for after a crash of the machine it means nothing."""
        families = [
            {
                "name": family.name,
                "help": family.documentation,
                "type": family.type,
                "samples": [(it.name, it.labels, it.value) for it in family.samples if _told(it.name)],
            }
            for family in self._registry.collect()
        ]
        temporary = self._path.with_suffix(".writing")
        temporary.write_text(json.dumps(families), "utf-8")
        temporary.replace(self._path)


class AllFigures:
    """A collector of the figures of all processes, and of this one's; each sample says whose it is."""

    def __init__(self, run: Path, own: CollectorRegistry, process: str = "api") -> None:
        self._run = run
        self._own = own
        self._process = process

    def collect(self) -> Iterator[Metric]:
        found: dict[str, Metric] = {}
        for family in self._own.collect():
            one = found.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for it in family.samples:
                if _told(it.name):
                    one.add_sample(it.name, {**it.labels, "process": self._process}, it.value)
        up = Metric("forecourt_process_up", "Whether a process of ours gets through its work", "gauge")
        for path in sorted(self._run.glob(f"*{_SUFFIX}")):
            process = path.name.removesuffix(_SUFFIX)
            up.add_sample(up.name, {"process": process}, float(Heartbeat(path.with_suffix(".beat")).fresh()))
            for family in json.loads(path.read_text("utf-8")):
                one = found.setdefault(family["name"], Metric(family["name"], family["help"], family["type"]))
                for name, labels, value in family["samples"]:
                    one.add_sample(name, {**labels, "process": process}, value)
        yield up
        yield from found.values()


def forget_figures(paths: DataPaths) -> None:
    """Delete what processes of an earlier run have written."""
    for path in paths.run.glob(f"*{_SUFFIX}"):
        path.unlink(missing_ok=True)


def _told(sample: str) -> bool:
    return not sample.endswith("_created")

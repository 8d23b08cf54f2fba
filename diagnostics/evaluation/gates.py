"""What must be reached, and what is aimed at: one row per figure of the issue, held against what was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from diagnostics.evaluation.resampling import Figure


@dataclass(frozen=True, slots=True)
class Gate:
    """`limit` tells the good side: at `most` or at `least`, or `within` that distance of `centre`."""

    figure: str
    words: str
    limit: Literal["most", "least", "within"]
    must: float
    aim: float | None
    centre: float = 0.0

    def reached(self, value: float, goal: float) -> bool:
        if self.limit == "within":
            return abs(value - self.centre) <= goal
        return value <= goal if self.limit == "most" else value >= goal

    def goal(self, value: float | None) -> str:
        """Write a goal as people do."""
        if value is None:
            return ""
        if self.limit == "within":
            return f"{self.centre:g} ± {value:g}"
        return f"{'≤' if self.limit == 'most' else '≥'} {value:g}"


GATES: Sequence[Gate] = (
    Gate("false_alarms_per_1000_h", "false alarms per 1000 h, all faults together, healthy SIM-B", "most", 0.25, 0.05),
    Gate("recall_gradual", "episode recall, gradual faults (macro), observable episodes", "least", 0.70, 0.90),
    Gate("recall_gradual_all", "the same over all episodes, unobservable ones missed", "least", 0.50, None),
    Gate("recall_sudden", "recall of sudden faults within 5 trips (macro), observable episodes", "least", 0.80, 0.95),
    Gate("lead_median", "median lead before the simulated trouble code, days", "least", 14, 30),
    Gate("pr_auc", "PR-AUC at 1:50 (macro)", "least", 0.75, 0.90),
    Gate("isolation_top_1", "isolation top-1 given a true alarm", "least", 0.75, 0.90),
    Gate("ece", "expected calibration error (mean over faults)", "most", 0.05, 0.02),
    Gate("real_false_alarms", "false alarms on all real healthy trips", "most", 0, 0),
    Gate("real_recall_drop", "recall drop on real trips with faults injected, points", "most", 15, 7),
    Gate("identity_auc", "control: AUC by vehicle identity alone", "within", 0.03, None, 0.5),
    Gate("permuted_auc", "control: AUC with labels dealt out anew", "within", 0.03, None, 0.5),
    Gate("severity_0_auc", "control: AUC of healthy against the fault branch at severity 0", "within", 0.03, None, 0.5),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """`must` and `aim` tell whether they were reached; None where the figure is not there, or nothing is aimed at."""

    gate: Gate
    figure: Figure | None
    must: bool | None
    aim: bool | None

    @property
    def word(self) -> str:
        if self.must is None:
            return "not measured"
        return "aim met" if self.aim else "met" if self.must else "missed"


def verdicts(figures: Mapping[str, Figure]) -> list[Verdict]:
    """Hold every gate against its figure; one that was not measured is neither met nor missed."""
    made = []
    for gate in GATES:
        figure = figures.get(gate.figure)
        if figure is None or figure.value is None:
            made.append(Verdict(gate, figure, None, None))
            continue
        aim = None if gate.aim is None else gate.reached(figure.value, gate.aim)
        made.append(Verdict(gate, figure, gate.reached(figure.value, gate.must), aim))
    return made

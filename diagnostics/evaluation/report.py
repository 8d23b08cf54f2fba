"""The report of an evaluation as one HTML file with its plots, and as Markdown, from the document `--json` prints."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from diagnostics.evaluation.svg import Bar, Line, bars, histogram, lines, matrix

Document = Mapping[str, Any]
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1180px;margin:2em auto;padding:0 1em;color:#22303c}
table{border-collapse:collapse;margin:1em 0}td,th{padding:.25em .7em;border-bottom:1px solid #d5dbe1;text-align:left}
td.n{text-align:right}.missed{color:#b3402a;font-weight:600}.met{color:#1f7a4d}svg{margin:.6em 1em .6em 0}
svg text{font:11px system-ui,sans-serif;fill:#22303c}svg .title{font-weight:600;font-size:13px}svg .axis{fill:#66727d}
svg .light{fill:#fff}.plots{display:flex;flex-wrap:wrap}
"""
# Column of the table per fault: key, heading, digits, per cent of what.
_COLUMNS: Sequence[tuple[str, str]] = (
    ("episodes", "episodes"), ("observable", "observable"), ("with_code", "with code"), ("recall", "recall"),
    ("recall_all", "recall, all"), ("lead_median", "lead, days"), ("severity_median", "severity at alarm"),
    ("isolation_top_1", "top-1"), ("pr_auc", "PR-AUC"), ("ece", "ECE"), ("brier_skill", "Brier skill"),
    ("false_alarms", "false alarms"),
)  # fmt: skip
_FIGURES: Mapping[str, str] = {
    "false_alarms": "false alarms on healthy cars, count (over: hours)",
    "false_alarms_per_1000_h_upper_95": "... per 1000 h, one-sided 95 % Poisson bound",
    "false_alarms_before_onset_per_1000_h": "... in the time before the onset, cars that later fail, per 1000 h",
    "wrong_alarms_per_episode": "alarms of faults the car does not have, per episode",
    "recall_gradual_worst": "recall of gradual faults, worst fault, observable",
    "recall_gradual_all_worst": "... over all episodes",
    "recall_sudden_worst": "recall of sudden faults, worst fault, observable",
    "recall_sudden_all": "recall of sudden faults (macro) over all episodes",
    "recall_without_code": "recall of gradual episodes that never set a code (macro), observable",
    "lead_p10": "10th percentile of the lead before the code, days, found ones",
    "lead_median_missed_0": "median lead before the code, days, missed ones as 0",
    "lead_p10_missed_0": "10th percentile, missed ones as 0",
    "failure_lead_median": "median lead before the failure, days, found ones",
    "failure_lead_median_missed_0": "... missed ones as 0",
    "pr_auc_worst": "PR-AUC at 1:50, worst fault",
    "roc_auc": "ROC-AUC per episode (macro)",
    "precision_lambda_0.5": "precision as alarms are raised now, lambda 0.5 episodes a vehicle-year",
    "precision_lambda_0.1": "... lambda 0.1",
    "precision_at_recall_0.8_lambda_0.5": "precision at recall 0.8, lambda 0.5",
    "faults_that_reach_recall_0.8": "... faults that reach that recall at any threshold",
    "isolation_top_3": "isolation top-3 given a true alarm",
    "isolation_top_1_macro": "isolation top-1, mean over faults",
    "ece_worst": "calibration error, worst fault",
    "brier_skill": "Brier skill (mean over faults)",
    "cost_predicted": "cost of a vehicle-year in diagnoses, lambda 0.5, as alarms are raised now",
    "cost_reactive": "... when every fault is waited for",
    "cost_yearly_service": "... with a service every year that finds what is there",
    "cost_saved": "... saved against the cheaper of both",
    "interval_coverage": "lead interval: share that holds the true lead (90 % promised)",
    "interval_width_median_d": "... median width, days",
    "interval_width_of_lead": "... median width over the lead",
    "real_false_alarms_reordered": "false alarms on real healthy trips dealt into other orders (gate: as driven)",
}  # fmt: skip


def number(value: float | None, digits: int = 3) -> str:
    """Write a figure; nothing where there is none."""
    if value is None:
        return "-"
    if float(value).is_integer() and abs(value) < 1e6:
        return f"{value:.0f}"
    return f"{value:.{digits}g}" if abs(value) >= 0.001 else f"{value:.1e}"


def interval(figure: Mapping[str, Any] | None) -> str:
    if figure is None or figure.get("low") is None:
        return ""
    return f"{number(figure['low'])} to {number(figure['high'])}"


def facts(document: Document) -> list[tuple[str, str]]:
    """Give what the figures are of: command, date, size, machine, scenario, predictor."""
    size = document["size"]
    return [
        ("command", document["command"]), ("date", document["date"]), ("machine", document["machine"]),
        ("seconds", number(document["seconds"])), ("predictor", document["predictor"]),
        ("scenario", f"{document['scenario']['name']}, SHA-256 {document['scenario']['hash']}"),
        ("size", (f"{size['name']}: {size['healthy_cars']} healthy cars, {number(size['healthy_hours'], 6)} h; "
                 f"{size['episodes']} episodes, {size['least_episodes']} of the rarest fault; seed {size['seed']}")),
    ]  # fmt: skip


def gate_rows(document: Document) -> list[tuple[str, ...]]:
    return [
        (
            row["words"],
            row["must"],
            row["aim"],
            number(row["value"]),
            interval(row),
            str(row["over"] or ""),
            row["word"],
        )
        for row in document["gates"]
    ]


def figure_rows(document: Document) -> list[tuple[str, ...]]:
    told = document["figures"]
    return [
        (words, number(told[name]["value"]), interval(told[name]), str(told[name]["over"] or ""))
        for name, words in _FIGURES.items()
        if name in told
    ]


def fault_rows(document: Document) -> list[tuple[str, ...]]:
    return [(fault, *(number(row[key]["value"]) for key, _ in _COLUMNS)) for fault, row in document["faults"].items()]


GATE_HEADINGS = ("figure", "must", "aim", "value", "95 % interval", "counted over", "verdict")
FIGURE_HEADINGS = ("figure", "value", "95 % interval", "counted over")
FAULT_HEADINGS = ("fault", *(heading for _, heading in _COLUMNS))


def ladder_table(document: Document) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Give headings and rows of the ladder: what every rung reaches at the predictor's false-alarm rate."""
    headings = ("rung", "recall, gradual", "recall, sudden", "median lead, days", "PR-AUC", "top-1", "false alarms")
    keys = ("recall_gradual", "recall_sudden", "lead_median", "pr_auc", "isolation_top_1", "false_alarms")
    rows = [
        (rung["words"], *(number(rung["figures"].get(key, {}).get("value")) for key in keys))
        for rung in document["ladder"]
    ]
    return headings, rows


def best_rungs(document: Document) -> list[tuple[str, ...]]:
    """Give, per fault, the recall of every rung: where the highest is not the last, that is said."""
    rungs = document["ladder"]
    if not rungs:
        return []
    rows = []
    for fault in document["faults"]:
        reached = [rung["faults"].get(fault, {}).get("value") for rung in rungs]
        known = [value for value in reached if value is not None]
        best = next((r["words"] for r, v in zip(rungs, reached, strict=True) if known and v == max(known)), "")
        rows.append((fault, *(number(value) for value in reached), best if known and max(known) > 0 else "none"))
    return rows


def html(document: Document) -> str:
    """Give the whole report as one HTML page."""
    told = [f"<h1>Evaluation of predictor {escape(document['predictor'])}</h1>", _table(("", ""), facts(document))]
    told += ["<h2>Figures against what must be reached</h2>", _table(GATE_HEADINGS, gate_rows(document))]
    told += ["<h2>Plots</h2><div class=plots>", *plots(document), "</div>"]
    told += ["<h2>Per fault</h2>", _table(FAULT_HEADINGS, fault_rows(document))]
    told += ["<h2>More figures</h2>", _table(FIGURE_HEADINGS, figure_rows(document))]
    if document["ladder"]:
        told += ["<h2>Baseline ladder, at the predictor's false-alarm rate</h2>", _table(*ladder_table(document))]
        headings = ("fault", *(rung["name"] for rung in document["ladder"]), "best")
        told += ["<h3>Recall per fault and rung</h3>", _table(headings, best_rungs(document))]
    told += ["<h2>Notes</h2>", *(f"<p>{escape(note)}</p>" for note in document["notes"])]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Evaluation</title><style>{_STYLE}</style>"
        + "\n".join(told)
        + "</html>\n"
    )


def plots(document: Document) -> list[str]:
    """Draw what the protocol asks for."""
    figures, faults, curves = document["figures"], document["faults"], document["curves"]
    return [
        lines("Precision and recall at 1:50, per fault",
              [Line(x, y, fault) for fault, (x, y) in curves["precision"].items()], "recall", "precision"),
        lines("Reliability, per fault", [Line([0, 1], [0, 1], "perfect", faint=True), *(
            Line(x, y, fault, dots=True) for fault, (x, y) in curves["reliability"].items())], "said", "was"),
        histogram("Days from alarm to trouble code, found gradual episodes", curves["leads"], "days"),
        bars("Recall per fault, observable episodes", [
            _bar(fault, row["recall"]) for fault, row in faults.items()
        ], 1.0, 0.7),
        bars("False alarms per 1000 h on healthy cars", [
            _bar("all together", figures["false_alarms_per_1000_h"]),
            Bar("95 % Poisson bound", figures["false_alarms_per_1000_h_upper_95"]["value"]),
            *(_bar(fault, row["false_alarms_per_1000_h"]) for fault, row in faults.items()),
        ], max(0.5, 1.2 * (figures["false_alarms_per_1000_h_upper_95"]["value"] or 0)), 0.25),
        matrix("First alarm of an episode: true fault down, named fault across", document["confusion"]["faults"],
               [*document["confusion"]["faults"], "none"], document["confusion"]["counts"]),
    ]  # fmt: skip


def _bar(name: str, figure: Mapping[str, Any]) -> Bar:
    return Bar(name, figure["value"], figure["low"], figure["high"])


def markdown(document: Document) -> str:
    """Give the report as the page `docs/evaluation.md`."""
    told = ["# Evaluation", "", "<!-- Written by `forecourt evaluate --markdown FILE`; run it again instead. -->", ""]
    told += [_grid(("", ""), facts(document)), "", "## Figures against what must be reached", ""]
    told += [_grid(GATE_HEADINGS, gate_rows(document)), "", "## Per fault", ""]
    told += [_grid(FAULT_HEADINGS, fault_rows(document)), "", "## More figures", ""]
    told += [_grid(FIGURE_HEADINGS, figure_rows(document))]
    if document["ladder"]:
        told += ["", "## Baseline ladder, at the predictor's false-alarm rate", "", _grid(*ladder_table(document))]
        headings = ("fault", *(rung["name"] for rung in document["ladder"]), "best")
        told += ["", "Recall per fault and rung, observable episodes:", "", _grid(headings, best_rungs(document))]
    told += ["", "## Notes", "", *(f"- {note}" for note in document["notes"])]
    return "\n".join(told) + "\n"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in headings)
    body = "".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(text: str) -> str:
    kind = {"missed": "missed", "met": "met", "aim met": "met"}.get(text, "")
    return f'<td class="{kind}">{escape(text)}</td>' if kind else f"<td>{escape(text)}</td>"


def _grid(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    table = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    return "\n".join(table + [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows])

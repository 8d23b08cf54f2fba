"""The verdicts that are asked for with the step `complete`: one of each finding that has none yet, or "later"."""

from aftersales.repair.verdicts import Judged, Verdict, give_verdict
from forecourt.pages.readers import Posted
from forecourt.pages.workshop.desk_forms import MOST_WORDS, said
from foundation.database import UnitOfWork

STEP = "complete"
VERDICT, OTHER, NOTE = "verdict-", "other-", "note-"  # before a finding


def give_asked(unit: UnitOfWork, form: Posted, order: str) -> None:
    """Give the verdicts that a form of the step carries; a finding of which it says "later", or nothing, waits."""
    if form.text("step") != STEP:
        return
    for name in sorted(form.fields):
        verdict = form.text(name)
        if not name.startswith(VERDICT) or verdict not in set(Verdict):
            continue
        finding = name.removeprefix(VERDICT)
        other = form.text(OTHER + finding) if verdict == Verdict.OTHER_FAULT else ""
        judged = Judged(Verdict(verdict), other or None, said(form, NOTE + finding, MOST_WORDS) or None)
        give_verdict(unit, form.reader.actor, order, finding, judged)

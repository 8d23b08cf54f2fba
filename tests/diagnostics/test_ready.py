"""What is made ready before the first trip ends is all that judging it needs: nothing is compiled while cars wait."""

import json
import subprocess
import sys

PROGRAM = """
import json, sys
from datetime import UTC, datetime, timedelta
from numba.core.dispatcher import Dispatcher
from diagnostics.predictor import Predictor
from diagnostics.scoring import score
from diagnostics.screening import ready_to_judge, ready_to_stop
from simulators.garage import Character, drive

def loaded():
    parts = [module for name, module in sys.modules.items() if name.startswith("diagnostics.")]
    found = {it for part in parts for it in vars(part).values() if isinstance(it, Dispatcher)}
    return {f"{it.py_func.__module__}.{it.py_func.__name__}{one}" for it in found for one in it.overloads}

predictor = Predictor.shipped()
before = loaded()
ready_to_stop()
ready_to_judge(predictor)
ready = loaded()
begin = datetime(2026, 3, 1, 4, tzinfo=UTC)
trips = [drive(Character(3), 0.2 * k, begin + timedelta(days=k), 900, k) for k in range(12)]
told = score(trips, predictor=predictor)
print(json.dumps({"made_ready": len(ready - before), "later": sorted(loaded() - ready), "trips": told["trips"],
    "findings": len(told["findings"])}))
"""


def test_judging_a_car_s_trips_compiles_nothing_more() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["made_ready"] > 10
    assert (told["later"], told["trips"]) == ([], 12)
    assert told["findings"] > 0

"""A large file in bounded memory: the peak of a process of its own, measured by the system; and undone in less time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from foundation.database import Database

BYTES = 100 << 20
PEAK_MB = 250  # of which 125 are the interpreter with its libraries

IMPORT = r"""
import json, re, sys, time
from pathlib import Path
from foundation.database import Database
from parts_catalog.imports.running import Wanted, import_file, undo
def peak():  # of this program alone: what the system counts for a process begins with its parent's
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024
database = Database(sys.argv[1])
before, began = peak(), time.monotonic()
report = import_file(database, Wanted(Path(sys.argv[2]), "large.xml"))
took = time.monotonic() - began
undo(database, report.import_id, None)
undo_s = time.monotonic() - began - took
database.close()
print(json.dumps(report.counts | {"before_mb": before, "peak_mb": peak(), "s": took, "undo_s": undo_s}))
"""


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_hundred_megabytes_are_imported_in_bounded_memory(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "large.xml"
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ACES version="4.1"><Header><BrandAAIAID>BZQT</BrandAAIAID>'
        "<SubmissionType>FULL</SubmissionType></Header>\n"
    )
    written = 0
    with path.open("w") as file:
        file.write(head)
        while file.tell() < BYTES:
            for _ in range(1000):
                written += 1
                file.write(
                    f'<App action="A" id="{written}">\n\t<BaseVehicle id="{written % 60_000 + 1}"/>\n'
                    f'\t<Note>version {written % 7}</Note>\n\t<Qty>1</Qty>\n\t<PartType id="{written % 40 + 1}"/>\n'
                    f'\t<Position id="1"/>\n\t<Part>BZ-{written % 40}-{written // 60_000}</Part>\n</App>\n'
                )
        file.write(f"<Footer><RecordCount>{written}</RecordCount></Footer></ACES>\n")
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, database.url, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": "."},
    )
    told = json.loads(done.stdout.splitlines()[-1])
    print(told)
    assert told["applications"] == written == told["accepted"] + sum(told["rejected"].values())
    assert told["peak_mb"] < PEAK_MB
    assert told["undo_s"] < told["s"] / 2

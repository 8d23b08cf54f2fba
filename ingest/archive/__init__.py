"""The readings archive: Parquet files, each listed in the manifest by the transaction that it belongs to.

    fresh/date=2026-11-23/<worker>.<random>.parquet         as it arrived: one batch, uncompressed
    date=2026-11-22/partition=07/<random>.parquet           compacted: one day, one partition of vehicles

What is not listed does not exist; readers find files through the manifest alone. A row is (vehicle, device, boot, seq,
position, time, arrived, quality) and one float32 column per signal; `<signal>.quality` stands beside a signal that has
doubtful values.
"""

from ingest.archive.archive import Archive
from ingest.archive.manifest import hold, stop_workers
from ingest.archive.reading import Rows

__all__ = ["Archive", "Rows", "hold", "stop_workers"]

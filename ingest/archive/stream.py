"""Series as an Arrow IPC stream: a row per point, with the signal's name and unit beside it."""

import io
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from ingest.batch import IntArray
from ingest.readings import FloatArray

ARROW_STREAM = "application/vnd.apache.arrow.stream"


def arrow_stream(vehicle: str, series: Mapping[str, tuple[IntArray, FloatArray]], units: Mapping[str, str]) -> bytes:
    """Give (signal, unit, time, value) of each point, signal by signal; the vehicle is in the schema's metadata."""
    which = np.repeat(np.arange(len(series), dtype=np.int32), [len(at_us) for at_us, _ in series.values()])
    at_us = np.concatenate([np.zeros(0, dtype=np.int64), *(it for it, _ in series.values())])
    values = np.concatenate([np.zeros(0, dtype=np.float32), *(it for _, it in series.values())])
    words = pa.string()
    table = pa.table(
        {
            "signal": pa.DictionaryArray.from_arrays(which, pa.array(list(series), words)),
            "unit": pa.DictionaryArray.from_arrays(which, pa.array([units[name] for name in series], words)),
            "time": pa.array(at_us).cast(pa.timestamp("us", "UTC")),
            "value": pa.array(values.astype(np.float32)),
        }
    ).replace_schema_metadata({"vehicle": vehicle})
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()

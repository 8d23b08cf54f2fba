"""Text columns of a table: few words in many rows."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.batch import IntArray

TEXTS = ["vehicle", "device", "boot"]


def ranked(column: Any) -> tuple[NDArray[Any], IntArray]:
    """Give the words of a text column, ascending, and for each row the place of its word among them."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.unify_dictionaries().chunks) if array.num_chunks else pa.array([], pa.string())
    if not isinstance(array, pa.DictionaryArray):
        array = array.dictionary_encode()
    words = array.dictionary.to_numpy(zero_copy_only=False).astype(object)
    order = np.argsort(words)
    place = np.empty(len(words), dtype=np.int64)
    place[order] = np.arange(len(words))
    return words[order], place[array.indices.to_numpy(zero_copy_only=False)]


def plain(table: pa.Table) -> pa.Table:
    """Give a table whose dictionaries hold what its rows hold, and nothing of rows that were left out."""
    for name in TEXTS:
        words, rank = ranked(table[name])
        used = np.bincount(rank, minlength=len(words)) > 0
        code = (np.cumsum(used) - 1)[rank].astype(np.int32)
        column = pa.DictionaryArray.from_arrays(pa.array(code), pa.array(words[used], pa.string()))
        table = table.set_column(table.column_names.index(name), name, column)
    return table

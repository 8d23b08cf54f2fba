"""The sixteen fixed partitions: every vehicle is in one for ever, whatever the number of workers.

The broker cannot know vehicles: it puts what a device sends into the partition of the *device's* id (`wire_partition`)
and a worker owns some of those. Generated device ids lie in their vehicle's partition; a vehicle with a device that
does not is shared between workers, and the database's lock on the vehicle's partition keeps its readings in order.
"""

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ingest.topics import Kind, filter_of

PARTITIONS = 16
MAPPED = "fcp"  # the bundled broker puts `fcp/{partition}/` before what devices send
_FNV_OFFSET, _FNV_PRIME = 0x811C9DC5, 0x01000193


def partition_of(vehicle: str) -> int:
    return zlib.crc32(vehicle.encode()) % PARTITIONS


def wire_partition(device: str) -> int:
    """Give the partition in which the broker puts a device's messages: NATS's `partition()`, FNV-1a of 32 bits."""
    found = _FNV_OFFSET
    for byte in device.encode():
        found = (found ^ byte) * _FNV_PRIME & 0xFFFFFFFF
    return found % PARTITIONS


def owned_by(worker: int, workers: int) -> list[int]:
    """Give the partitions of one of `workers` workers, which are numbered from 0."""
    if not 0 <= worker < workers <= PARTITIONS:
        raise ValueError(f"there is no worker {worker} of {workers}")
    return list(range(worker, PARTITIONS, workers))


def unmapped(topic: str) -> str:
    """Give the topic on which the device published."""
    return topic.split("/", 2)[2] if topic.startswith(f"{MAPPED}/") else topic


@dataclass(frozen=True, slots=True)
class Session:
    """One stored subscription: the client id under which the broker keeps it, and what it hears."""

    client_id: str
    topics: Sequence[str]


def sessions(client_id: str, partitions: Collection[int] = range(PARTITIONS)) -> list[Session]:
    """Give the stored sessions of the bundled broker, one a partition: whoever owns it, none of its messages is lost.

    NATS stalls a session with several QoS 1 filters, so each has the one. It maps no last wills, so all devices' status
    messages are a session of their own, which goes with the first partition.
    """
    own = [Session(f"{client_id}-{number}", (f"{MAPPED}/{number}/#",)) for number in partitions]
    return [Session(f"{client_id}-status", (filter_of(Kind.STATUS),)), *own] if 0 in partitions else own

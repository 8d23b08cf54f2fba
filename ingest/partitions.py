"""The sixteen fixed partitions: every vehicle is in one for ever, whatever the number of workers."""

import zlib

PARTITIONS = 16


def partition_of(vehicle: str) -> int:
    return zlib.crc32(vehicle.encode()) % PARTITIONS

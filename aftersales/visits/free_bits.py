"""Who is taken when, as bits: a word has one for each technician, bay and loaner, and there is a word by quarter hour.

What is taken at any time of a span is the OR of its words, for all of them at once.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

BITS = 62  # in a word
NONE = 1 << 40  # behind every number of a resource

Quanta = npt.NDArray[np.int64]
Bits = npt.NDArray[np.int64]  # [word, ...]
Taking = tuple[Quanta, Quanta]  # first quantum, and the one after the last, of each time that something is taken


def words_for(resources: int) -> int:
    return -(-resources // BITS)


def bits_of(numbers: Iterable[int], words: int) -> Bits:
    """Give the bits of resources by number, [word, 1]."""
    bits = [0] * words
    for number in numbers:
        bits[number // BITS] |= 1 << number % BITS
    return np.array(bits, np.int64).reshape(words, 1)


def taken_bits(takings: Sequence[tuple[int, Taking]], words: int, first: int, count: int) -> Bits:
    """Give [word, quantum] over `count` quanta from `first` on; `takings` has the number of the resource of each."""
    takings = [one for one in takings if len(one[1][0])]
    if not takings:
        return np.zeros((words, count), np.int64)
    number = np.array([number for number, _ in takings])
    lengths = np.array([len(begin) for _, (begin, _) in takings])
    at = np.concatenate([*(begin for _, (begin, _) in takings), *(end for _, (_, end) in takings)])
    begin, end = np.split(at, 2)
    apart = begin[1:] >= end[:-1]
    apart[np.cumsum(lengths)[:-1] - 1] = True  # where another resource follows
    if not (apart.all() and (number[1:] > number[:-1]).all()):
        number, begin, end = _merged(np.repeat(number, lengths), begin, end)
        at = np.concatenate([begin, end])
        lengths = np.ones(len(begin), np.int64)
    at -= first
    np.minimum(np.maximum(at, 0, out=at), count, out=at)
    width = count + 1
    if words > 1:
        at += np.tile(np.repeat(number // BITS * width, lengths), 2)
    # Each resource is taken once at a time, so that adding up its bit from here on, and taking it away, sets it.
    bit = np.int64(1) << number % BITS
    change = np.zeros(words * width, np.int64)
    np.add.at(change, at, np.repeat(np.concatenate([bit, -bit]), np.tile(lengths, 2)))
    return np.cumsum(change.reshape(words, width)[:, :-1], axis=1)


def taken_during(bits: Bits, number: int) -> Bits:
    """Give what is taken at any of `number` quanta from each on; the last ones, too close to the end, are left out."""
    done = 1
    while done < number:
        step = min(done, number - done)
        bits = bits[:, :-step] | bits[:, step:]
        done += step
    return bits


def taken_between(bits: Bits, begin: Quanta, end: Quanta) -> Bits:
    """Give [word, span]: what is taken at any time of each span, none of which is empty or leaves the quanta."""
    words, count = bits.shape
    if not len(begin):
        return np.zeros((words, 0), np.int64)
    # Two overlapping runs of a power of two cover a span.
    level = np.frexp(end - begin)[1].astype(np.int64) - 1
    runs = np.empty((int(level.max()) + 1, words, count), np.int64)
    runs[0] = bits
    for number in range(1, len(runs)):
        step = 1 << (number - 1)
        np.bitwise_or(runs[number - 1, :, :-step], runs[number - 1, :, step:], out=runs[number, :, :-step])
    row = (level * words + np.arange(words).reshape(-1, 1)) * count
    every = runs.ravel()
    both: Bits = every.take(row + begin) | every.take(row + (end - (1 << level)))
    return both


def lowest(bits: Bits) -> Quanta:
    """Give the lowest number among the bits of each column; `NONE` where there is none."""
    number = np.bitwise_count((bits & -bits) - 1).astype(np.int64)
    number[bits == 0] = NONE
    best: Quanta = number[0]
    if len(bits) > 1:
        best = (number + BITS * np.arange(len(bits)).reshape(-1, 1)).min(axis=0)
    return best


def _merged(number: Quanta, begin: Quanta, end: Quanta) -> tuple[Quanta, Quanta, Quanta]:
    """Give the takings in order and apart: what overlaps an earlier one of its resource begins with that one's end."""
    order = np.lexsort((begin, number))
    number, begin, end = number[order], begin[order], end[order]
    far = number * (np.int64(1) << 40)  # so that no resource reaches into the next
    until = np.maximum.accumulate(far + end)
    begin[1:] = np.maximum(begin[1:], until[:-1] - far[1:])
    return number, begin, np.maximum(begin, end)

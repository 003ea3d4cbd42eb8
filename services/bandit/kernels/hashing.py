"""XXH64 of every string in a column, bit for bit (github.com/Cyan4973/xxHash, doc/xxhash_spec.md)."""

from typing import Final

import numpy as np

from services.bandit.kernels._arguments import Bytes, Hashes, Offsets
from services.bandit.kernels._jit import jit
from services.bandit.kernels.columns import Column, checked

U64: Final = np.uint64

PRIME_1: Final = U64(0x9E3779B185EBCA87)
PRIME_2: Final = U64(0xC2B2AE3D27D4EB4F)
PRIME_3: Final = U64(0x165667B19E3779F9)
PRIME_4: Final = U64(0x85EBCA77C2B2AE63)
PRIME_5: Final = U64(0x27D4EB2F165667C5)

# Numba makes a float of uint64 with int64: what meets a hash or an address is a uint64 too.
STRIPE: Final = U64(32)
WORD: Final = U64(8)
HALF_WORD: Final = U64(4)
BYTE: Final = U64(1)
NOTHING: Final = U64(0)


def hash_column(data: Bytes, offsets: Offsets, seed: np.uint64) -> Hashes:
    """Returns the XXH64 of every string, shape (n,) uint64.

    Args:
        data: The bytes of the n strings, one after the other, uint8.
        offsets: Where they start and end, shape (n + 1,) int64.
        seed: 0 .. 2^64 - 1.

    Raises:
        ValueError: An array is not as said.
    """
    return _hash_column(*checked(Column(data, offsets)), U64(seed))


@jit
def _hash_column(data: Bytes, offsets: Offsets, seed: np.uint64) -> Hashes:
    hashes = np.empty(offsets.size - 1, np.uint64)
    for row in range(hashes.size):
        hashes[row] = xxh64(data, U64(offsets[row]), U64(offsets[row + 1]), seed)
    return hashes


@jit
def xxh64(data: Bytes, start: np.uint64, end: np.uint64, seed: np.uint64) -> np.uint64:
    """Returns the XXH64 of the bytes from start to before end; for other kernels."""
    at = start
    if end - start < STRIPE:
        mixed = seed + PRIME_5
    else:
        at = end - (end - start) % STRIPE
        mixed = _stripes(data, start, at, seed)
    mixed += end - start
    while at + WORD <= end:
        mixed = _rotated(mixed ^ _round(NOTHING, _word(data, at)), 27) * PRIME_1 + PRIME_4
        at += WORD
    if at + HALF_WORD <= end:
        mixed = _rotated(mixed ^ (_half_word(data, at) * PRIME_1), 23) * PRIME_2 + PRIME_3
        at += HALF_WORD
    while at < end:
        mixed = _rotated(mixed ^ (U64(data[at]) * PRIME_5), 11) * PRIME_1
        at += BYTE
    return _avalanche(mixed)


@jit
def _stripes(data: Bytes, start: np.uint64, end: np.uint64, seed: np.uint64) -> np.uint64:
    """Returns the hash state after whole stripes of four words each."""
    first, second, third, fourth = seed + PRIME_1 + PRIME_2, seed + PRIME_2, seed, seed - PRIME_1
    at = start
    while at < end:
        first = _round(first, _word(data, at))
        second = _round(second, _word(data, at + WORD))
        third = _round(third, _word(data, at + WORD + WORD))
        fourth = _round(fourth, _word(data, at + WORD + WORD + WORD))
        at += STRIPE
    mixed = _rotated(first, 1) + _rotated(second, 7) + _rotated(third, 12) + _rotated(fourth, 18)
    for lane in (first, second, third, fourth):
        mixed = (mixed ^ _round(NOTHING, lane)) * PRIME_1 + PRIME_4
    return mixed


@jit
def _round(lane: np.uint64, word: np.uint64) -> np.uint64:
    return _rotated(lane + word * PRIME_2, 31) * PRIME_1


@jit
def _rotated(word: np.uint64, bits: int) -> np.uint64:
    return (word << bits) | (word >> (64 - bits))


@jit
def _avalanche(mixed: np.uint64) -> np.uint64:
    mixed = (mixed ^ (mixed >> 33)) * PRIME_2
    mixed = (mixed ^ (mixed >> 29)) * PRIME_3
    return mixed ^ (mixed >> 32)


@jit
def _word(data: Bytes, at: np.uint64) -> np.uint64:
    return _half_word(data, at) | (_half_word(data, at + HALF_WORD) << 32)


@jit
def _half_word(data: Bytes, at: np.uint64) -> np.uint64:
    """Returns the little-endian number of four bytes; written out, as only then the compiler makes one load of it."""
    low = U64(data[at]) | (U64(data[at + BYTE]) << 8)
    return low | (U64(data[at + BYTE + BYTE]) << 16) | (U64(data[at + BYTE + BYTE + BYTE]) << 24)

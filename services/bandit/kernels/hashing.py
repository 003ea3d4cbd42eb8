"""Hashes columns of strings, and 64-bit numbers as if they were spelled out: XXH64 of each.

XXH64: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.kernels.arguments import vector
from shared.kernels.jit import jit

_U = np.uint64
_P1: Final = _U(0x9E3779B185EBCA87)
_P2: Final = _U(0xC2B2AE3D27D4EB4F)
_P3: Final = _U(0x165667B19E3779F9)
_P4: Final = _U(0x85EBCA77C2B2AE63)
_P5: Final = _U(0x27D4EB2F165667C5)
# Numba makes a float of uint64 and int64 together, so every number here is a uint64.
_1, _2, _3, _4, _5, _6, _7, _8 = (_U(number) for number in range(1, 9))
_16, _24, _32, _40, _48, _56, _64 = (_U(number) for number in (16, 24, 32, 40, 48, 56, 64))
_11, _12, _18, _23, _27, _29, _31, _33 = (_U(number) for number in (11, 12, 18, 23, 27, 29, 31, 33))
_0: Final = _U(0)
_EACH_BYTE: Final = _U(0x0101010101010101)


@jit
def _read_4(data: NDArray[np.uint8], at: np.uint64) -> np.uint64:
    return _U(data[at]) | (_U(data[at + _1]) << _8) | (_U(data[at + _2]) << _16) | (_U(data[at + _3]) << _24)


@jit
def _read_8(data: NDArray[np.uint8], at: np.uint64) -> np.uint64:
    high = _U(data[at + _4]) | (_U(data[at + _5]) << _8) | (_U(data[at + _6]) << _16) | (_U(data[at + _7]) << _24)
    return _read_4(data, at) | (high << _32)


@jit
def _rotated(value: np.uint64, bits: np.uint64) -> np.uint64:
    return (value << bits) | (value >> (_64 - bits))


@jit
def _round(accumulator: np.uint64, lane: np.uint64) -> np.uint64:
    return _rotated(accumulator + lane * _P2, _31) * _P1


@jit
def _merged(accumulator: np.uint64, lane: np.uint64) -> np.uint64:
    return (accumulator ^ _round(_0, lane)) * _P1 + _P4


@jit
def _with_8(value: np.uint64, lane: np.uint64) -> np.uint64:
    return _rotated(value ^ _round(_0, lane), _27) * _P1 + _P4


@jit
def _avalanche(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> _33)) * _P2
    value = (value ^ (value >> _29)) * _P3
    return value ^ (value >> _32)


@jit
def _xxh64(data: NDArray[np.uint8], start: np.uint64, end: np.uint64, seed: np.uint64) -> np.uint64:
    at = start
    if end - start >= _32:
        lane_1, lane_2, lane_3, lane_4 = seed + _P1 + _P2, seed + _P2, seed, seed - _P1
        while at + _32 <= end:
            lane_1 = _round(lane_1, _read_8(data, at))
            lane_2 = _round(lane_2, _read_8(data, at + _8))
            lane_3 = _round(lane_3, _read_8(data, at + _16))
            lane_4 = _round(lane_4, _read_8(data, at + _24))
            at += _32
        value = _rotated(lane_1, _1) + _rotated(lane_2, _7) + _rotated(lane_3, _12) + _rotated(lane_4, _18)
        value = _merged(_merged(_merged(_merged(value, lane_1), lane_2), lane_3), lane_4)
    else:
        value = seed + _P5
    value += end - start
    while at + _8 <= end:
        value = _with_8(value, _read_8(data, at))
        at += _8
    if at + _4 <= end:
        value = _rotated(value ^ (_read_4(data, at) * _P1), _23) * _P2 + _P3
        at += _4
    while at < end:
        value = _rotated(value ^ (_U(data[at]) * _P5), _11) * _P1
        at += _1
    return _avalanche(value)


@jit
def _hash_column(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], seed: np.uint64, hashes: NDArray[np.uint64]
) -> None:
    for row in range(hashes.size):
        hashes[row] = _xxh64(data, _U(offsets[row]), _U(offsets[row + 1]), seed)


@jit
def _digits(number: np.uint64) -> np.uint64:
    """Returns the 8 hexadecimal digits of a 32-bit number, the highest in the lowest byte, as they lie in memory."""
    # Reversed bytes, then spread until every byte has a digit: all eight at once.
    value = ((number >> _8) & _U(0x00FF00FF)) | ((number & _U(0x00FF00FF)) << _8)
    value = ((value >> _16) | (value << _16)) & _U(0xFFFFFFFF)
    value = (value | (value << _16)) & _U(0x0000FFFF0000FFFF)
    value = (value | (value << _8)) & _U(0x00FF00FF00FF00FF)
    value = ((value >> _4) | (value << _8)) & _U(0x0F0F0F0F0F0F0F0F)
    letters = ((value + _U(0x0606060606060606)) >> _4) & _EACH_BYTE
    return value + _U(ord("0")) * _EACH_BYTE + letters * _U(ord("a") - ord("0") - 10)


@jit
def _hash_hexadecimal(numbers: NDArray[np.uint64], seed: np.uint64, hashes: NDArray[np.uint64]) -> None:
    start = seed + _P5 + _16
    for row in range(hashes.size):
        number = numbers[row]
        value = _with_8(start, _digits(number >> _32))
        hashes[row] = _avalanche(_with_8(value, _digits(number & _U(0xFFFFFFFF))))


def hash_column(data: NDArray[np.uint8], offsets: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """Returns the XXH64 of every string of a column, shape (n,) uint64.

    Args:
        data: The bytes of all strings.
        offsets: Where they start, and the end of the last, shape (n + 1,).
        seed: 0 to 2^64 - 1.

    Raises:
        ValueError: A dtype or shape is wrong, or the offsets do not fit the data.
    """
    data, offsets = vector("data", data, np.uint8), vector("offsets", offsets, np.int64)
    if offsets.size == 0 or offsets[0] < 0 or offsets[-1] > data.size or bool((offsets[1:] < offsets[:-1]).any()):
        raise ValueError("offsets must ascend within the data")
    hashes = np.empty(offsets.size - 1, np.uint64)
    _hash_column(data, offsets, _U(seed), hashes)
    return hashes


def hash_hexadecimal(numbers: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Returns the XXH64 of every number spelled in 16 lower-case hexadecimal digits, shape (n,) uint64.

    Args:
        numbers: Shape (n,).
        seed: 0 to 2^64 - 1.

    Raises:
        ValueError: A dtype or shape is wrong.
    """
    numbers = vector("numbers", numbers, np.uint64)
    hashes = np.empty(numbers.size, np.uint64)
    _hash_hexadecimal(numbers, _U(seed), hashes)
    return hashes

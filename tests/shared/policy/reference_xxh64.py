"""XXH64 in plain Python, slow and obvious, written from its specification.

https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, "XXH64 Algorithm Description".
"""

MASK = (1 << 64) - 1
PRIME_1 = 0b1001111000110111011110011011000110000101111010111100101010000111
PRIME_2 = 0b1100001010110010101011100011110100100111110101001110101101001111
PRIME_3 = 0b0001011001010110011001111011000110011110001101110111100111111001
PRIME_4 = 0b1000010111101011110010100111011111000010101100101010111001100011
PRIME_5 = 0b0010011111010100111010110010111100010110010101100110011111000101


def xxh64(data: bytes, seed: int) -> int:
    """Returns the 64-bit hash of some bytes.

    Args:
        data: Any bytes.
        seed: 0 to 2^64 - 1.
    """
    stripes, rest = divmod(len(data), 32)
    hashed = _converged(data, seed, stripes) if stripes else _wrapped(seed + PRIME_5)
    return _avalanche(_consumed(data[-rest:] if rest else b"", _wrapped(hashed + len(data))))


def _wrapped(value: int) -> int:
    return value & MASK


def _rotated(value: int, bits: int) -> int:
    return _wrapped(value << bits) | value >> (64 - bits)


def _round(accumulator: int, lane: int) -> int:
    return _wrapped(_rotated(_wrapped(accumulator + lane * PRIME_2), 31) * PRIME_1)


def _lane(data: bytes, start: int, size: int = 8) -> int:
    return int.from_bytes(data[start : start + size], "little")


def _converged(data: bytes, seed: int, stripes: int) -> int:
    accumulators = [seed + PRIME_1 + PRIME_2, seed + PRIME_2, seed, seed - PRIME_1]
    accumulators = [_wrapped(value) for value in accumulators]
    for stripe in range(stripes):
        accumulators = [_round(value, _lane(data, 32 * stripe + 8 * place)) for place, value in enumerate(accumulators)]
    turns = (1, 7, 12, 18)
    hashed = _wrapped(sum(_rotated(value, bits) for value, bits in zip(accumulators, turns, strict=True)))
    for value in accumulators:
        hashed = _wrapped((hashed ^ _round(0, value)) * PRIME_1 + PRIME_4)
    return hashed


def _consumed(rest: bytes, hashed: int) -> int:
    while len(rest) >= 8:
        hashed = _wrapped(_rotated(hashed ^ _round(0, _lane(rest, 0)), 27) * PRIME_1 + PRIME_4)
        rest = rest[8:]
    if len(rest) >= 4:
        hashed = _wrapped(_rotated(hashed ^ _wrapped(_lane(rest, 0, 4) * PRIME_1), 23) * PRIME_2 + PRIME_3)
        rest = rest[4:]
    for byte in rest:
        hashed = _wrapped(_rotated(hashed ^ _wrapped(byte * PRIME_5), 11) * PRIME_1)
    return hashed


def _avalanche(hashed: int) -> int:
    hashed = _wrapped((hashed ^ hashed >> 33) * PRIME_2)
    hashed = _wrapped((hashed ^ hashed >> 29) * PRIME_3)
    return hashed ^ hashed >> 32

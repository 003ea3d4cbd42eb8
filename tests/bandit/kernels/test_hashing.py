"""Hashing of columns: bit for bit that of xxhash."""

import threading
from typing import Any

import numpy as np
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.bandit import kernels
from services.bandit.kernels import hashing
from services.bandit.kernels.hashing import hash_column, hash_hexadecimal
from tests.bandit.kernels.columns import Column, column

salts = st.integers(0, 2**64 - 1)
numbers = st.lists(st.integers(0, 2**64 - 1), max_size=50)


def spelled(number: int, seed: int) -> int:
    return xxhash.xxh64_intdigest(f"{number:016x}".encode(), seed)


@pytest.mark.parametrize(
    ("text", "seed", "expected"),
    [
        (b"", 0, 0xEF46DB3751D8E999),
        (b"a", 0, 0xD24EC4F1A98C6E5B),
        (b"abc", 0, 0x44BC2CF5AD770999),
        (b"Nobody inspects the spammish repetition", 0, 0xFBCEA83C8A378BF1),
    ],
)
def test_hash_column_when_given_published_texts_then_returns_the_published_hashes(
    text: bytes, seed: int, expected: int
) -> None:
    assert hash_column(*column([text]), seed).tolist() == [expected]


@pytest.mark.parametrize("seed", [0, 1, 2**63, 2**64 - 1])
def test_hash_column_when_lengths_are_0_to_300_then_equals_xxhash(seed: int) -> None:
    strings = [np.random.default_rng(length).bytes(length) for length in range(301)]

    hashes = hash_column(*column(strings), seed)

    assert hashes.tolist() == [xxhash.xxh64_intdigest(string, seed) for string in strings]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=20), salts)
def test_hash_column_when_given_any_bytes_then_equals_xxhash(strings: list[bytes], seed: int) -> None:
    hashes = hash_column(*column(strings), seed)

    assert hashes.dtype == np.uint64
    assert hashes.tolist() == [xxhash.xxh64_intdigest(string, seed) for string in strings]


def test_hash_column_when_the_column_is_a_slice_then_reads_within_it() -> None:
    data, offsets = column([b"left out", b"first", b"second", b"left out too"])

    hashes = hash_column(data, offsets[1:4], 9)

    assert hashes.tolist() == [xxhash.xxh64_intdigest(string, 9) for string in (b"first", b"second")]


@pytest.mark.parametrize("place", range(16))
def test_hash_hexadecimal_when_one_digit_takes_all_values_then_equals_xxhash_of_the_spelling(place: int) -> None:
    values = [digit << (4 * place) for digit in range(16)]

    hashes = hash_hexadecimal(np.array(values, np.uint64), 11)

    assert hashes.tolist() == [spelled(value, 11) for value in values]


@settings(deadline=None)
@given(numbers, salts)
def test_hash_hexadecimal_when_given_any_numbers_then_equals_xxhash_of_their_spelling(
    values: list[int], seed: int
) -> None:
    hashes = hash_hexadecimal(np.array(values, np.uint64), seed)

    assert hashes.dtype == np.uint64
    assert hashes.tolist() == [spelled(value, seed) for value in values]


def test_hash_hexadecimal_when_numbers_are_many_then_equals_the_column_of_their_spellings() -> None:
    values = np.random.default_rng(5).integers(0, 2**64, 20_000, dtype=np.uint64)

    spellings = column([f"{value:016x}".encode() for value in values.tolist()])

    assert np.array_equal(hash_hexadecimal(values, 2**63 + 1), hash_column(*spellings, 2**63 + 1))


@pytest.mark.parametrize(
    "wrong",
    [
        (np.zeros(3, np.uint8), np.array([0, 4])),
        (np.zeros(3, np.uint8), np.array([-1, 3])),
        (np.zeros(3, np.uint8), np.array([0, 2, 1])),
        (np.zeros(3, np.uint8), np.zeros(0, np.int64)),
        (np.zeros(3, np.uint8), np.array([0, 3], np.int32)),
        (np.zeros(3, np.int8), np.array([0, 3])),
        (np.zeros(6, np.uint8)[::2], np.array([0, 3])),
    ],
)
def test_hash_column_when_the_column_is_wrong_then_refuses(wrong: Column) -> None:
    with pytest.raises(ValueError, match="must"):
        hash_column(*wrong, 0)


@pytest.mark.parametrize(
    "wrong", [np.zeros(3, np.int64), np.zeros((2, 2), np.uint64), np.zeros(6, np.uint64)[::2]], ids=str
)
def test_hash_hexadecimal_when_the_numbers_are_wrong_then_refuses(wrong: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        hash_hexadecimal(wrong, 0)


def test_warm_up_when_done_then_no_request_compiles_anything() -> None:
    kernels.warm_up()
    of_strings: Any = hashing._hash_column
    of_numbers: Any = hashing._hash_hexadecimal
    read_only, writable = column([b"a"]), (np.frombuffer(b"a", np.uint8).copy(), np.array([0, 1]))

    hash_column(*read_only, 0)
    hash_column(*writable, 2**64 - 1)
    hash_hexadecimal(np.frombuffer(bytes(8), np.uint64), 0)
    hash_hexadecimal(np.zeros(1, np.uint64), 2**64 - 1)

    assert (len(of_strings.signatures), len(of_numbers.signatures)) == (1, 1)


def test_hash_column_when_threads_share_it_then_all_get_the_same() -> None:
    keys = column([f"unit-{number}".encode() for number in range(5_000)])
    expected = hash_column(*keys, 3).tolist()
    results: list[list[int]] = []

    threads = [threading.Thread(target=lambda: results.append(hash_column(*keys, 3).tolist())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert results == [expected] * 4

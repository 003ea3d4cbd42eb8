"""The spool is a queue that outlives its process."""

import mmap
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.bandit.store.spool import Spool, SpoolInUseError

CAPACITY = mmap.PAGESIZE
HEADER = 8
EVERYTHING = 1 << 30


def contents(spool: Spool) -> list[bytes]:
    return spool.peek(max_bytes=EVERYTHING)[0]


def drain(spool: Spool) -> list[bytes]:
    payloads, position = spool.peek(max_bytes=EVERYTHING)
    spool.discard(position)
    return payloads


def fill(spool: Spool, payload: bytes) -> int:
    """Returns how often the payload went in."""
    count = 0
    while spool.append(payload):
        count += 1
    return count


# Small ones in great number, ones that do not fit behind one another, and ones that fill the ring to the byte.
payloads = st.one_of(
    st.binary(min_size=1, max_size=12),
    st.integers(1, CAPACITY - HEADER).flatmap(
        lambda size: st.binary(min_size=1, max_size=1).map(lambda byte: byte * size)
    ),
    st.sampled_from([bytes(CAPACITY - HEADER), bytes(CAPACITY // 2), bytes(CAPACITY // 2 - HEADER), bytes(CAPACITY)]),
)


class SpoolAgainstDeque(RuleBasedStateMachine):
    """Does to a spool and to a deque the same."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self._model: deque[bytes] = deque()
        self._generation = 0
        self._path = Path(self._directory.name, "0.spool")
        self._spool = Spool(self._path, capacity_bytes=CAPACITY)

    def teardown(self) -> None:
        self._spool.close()
        self._directory.cleanup()

    @initialize(rounds=st.integers(0, 5), size=st.integers(1, 2000))
    def start_anywhere(self, rounds: int, size: int) -> None:
        """Moves the ring's beginning to some place."""
        for _ in range(rounds):
            assert self._spool.append(bytes(size))
            drain(self._spool)

    @rule(payload=payloads)
    def append(self, payload: bytes) -> None:
        size, before = HEADER + len(payload), self._spool.used_bytes
        if self._spool.append(payload):
            self._model.append(payload)
        else:
            assert self._spool.used_bytes == before
            # What is left at the ring's end is lost to a record that does not fit there, and is shorter than it.
            assert size > CAPACITY if not self._model else before + 2 * size > CAPACITY

    @rule(max_bytes=st.integers(0, 2 * CAPACITY))
    def take(self, max_bytes: int) -> None:
        taken, position = self._spool.peek(max_bytes=max_bytes)
        self._spool.discard(position)
        assert taken == [self._model.popleft() for _ in taken]
        assert sum(map(len, taken[:-1])) < max(max_bytes, 1)
        assert not self._model or sum(map(len, taken)) >= max_bytes

    @rule()
    def reopen(self) -> None:
        self._spool.close()
        self._spool = Spool(self._path, capacity_bytes=CAPACITY)

    @rule()
    def kill(self) -> None:
        """Goes on with the file as it stands, as after a process that was killed."""
        self._generation += 1
        left = Path(self._directory.name, f"{self._generation}.spool")
        shutil.copyfile(self._path, left)
        self._spool.close()
        self._path.unlink()
        self._path, self._spool = left, Spool(left, capacity_bytes=CAPACITY)

    @invariant()
    def holds_the_same(self) -> None:
        assert contents(self._spool) == list(self._model)
        assert self._spool.is_empty == (not self._model)
        assert sum(HEADER + len(payload) for payload in self._model) <= self._spool.used_bytes <= CAPACITY


SpoolAgainstDeque.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestSpoolAgainstDeque = SpoolAgainstDeque.TestCase


@pytest.mark.parametrize("size", [1, 7, 56, 500, 1357, CAPACITY // 2 - HEADER, CAPACITY - HEADER])
def test_append_when_the_ring_goes_round_many_times_then_each_record_comes_once_in_order(
    tmp_path: Path, size: int
) -> None:
    sent, received = 0, 0
    with Spool(tmp_path / "ring", capacity_bytes=CAPACITY) as spool:
        for _ in range(20):
            while spool.append(
                sent.to_bytes(4, "big") * size if size < 4 else sent.to_bytes(4, "big") + bytes(size - 4)
            ):
                sent += 1
            for payload in drain(spool):
                assert int.from_bytes(payload[:4], "big") == received
                received += 1
    assert sent == received >= 20


def test_append_when_there_is_no_room_then_false_and_nothing_changes(tmp_path: Path) -> None:
    with Spool(tmp_path / "ring", capacity_bytes=CAPACITY) as spool:
        assert fill(spool, bytes(1000)) == 4
        used, kept = spool.used_bytes, contents(spool)

        assert not spool.append(bytes(1000))
        assert (spool.used_bytes, contents(spool)) == (used, kept)
        assert spool.append(b"x")


def test_append_when_empty_then_a_record_as_large_as_the_ring_fits_wherever_the_ring_begins(tmp_path: Path) -> None:
    with Spool(tmp_path / "ring", capacity_bytes=CAPACITY) as spool:
        for size in (1, 100, 2000, 3000):
            spool.append(bytes(size))
            drain(spool)

            assert spool.append(b"y" * (CAPACITY - HEADER))
            assert drain(spool) == [b"y" * (CAPACITY - HEADER)]
            assert not spool.append(bytes(CAPACITY - HEADER + 1))


def test_append_when_the_record_is_empty_then_it_is_refused(tmp_path: Path) -> None:
    with Spool(tmp_path / "ring", capacity_bytes=CAPACITY) as spool, pytest.raises(ValueError, match="one byte"):
        spool.append(b"")


def test_discard_when_an_empty_ring_has_moved_on_meanwhile_then_nothing_comes_back(tmp_path: Path) -> None:
    with Spool(tmp_path / "ring", capacity_bytes=CAPACITY) as spool:
        spool.append(bytes(1000))
        drain(spool)
        _, position = spool.peek(max_bytes=1)
        spool.append(b"z" * (CAPACITY - HEADER))
        spool.discard(position)

        assert contents(spool) == [b"z" * (CAPACITY - HEADER)]


def test_peek_when_nothing_is_discarded_then_the_same_again(tmp_path: Path) -> None:
    with Spool(tmp_path / "ring", capacity_bytes=CAPACITY) as spool:
        for payload in (b"one", b"two", b"three"):
            spool.append(payload)

        assert spool.peek(max_bytes=1)[0] == [b"one"]
        assert spool.peek(max_bytes=4)[0] == [b"one", b"two"]
        assert contents(spool) == [b"one", b"two", b"three"]


def test_open_when_the_process_was_killed_then_every_record_is_there(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from services.bandit.store.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1]), capacity_bytes=1 << 16)\n"
        "assert all(spool.append(b'record %d' % number) for number in range(500))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path / "ring")], check=False, timeout=60)

    assert ended.returncode == -signal.SIGKILL
    with Spool(tmp_path / "ring", capacity_bytes=1 << 16) as spool:
        assert contents(spool) == [b"record %d" % number for number in range(500)]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_open_when_the_last_record_is_torn_then_only_it_is_lost_and_new_ones_follow(data: st.DataObject) -> None:
    last = data.draw(st.binary(min_size=1, max_size=40))
    place = data.draw(st.integers(0, HEADER + len(last) - 1))
    flipped = data.draw(st.integers(1, 255))
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "ring")
        with Spool(path, capacity_bytes=CAPACITY) as spool:
            spool.append(b"whole")
            start = mmap.PAGESIZE + spool.used_bytes
            spool.append(last)
        torn = bytearray(path.read_bytes())
        torn[start + place] ^= flipped
        path.write_bytes(torn)

        with Spool(path, capacity_bytes=CAPACITY) as spool:
            assert contents(spool) == [b"whole"]
            assert spool.append(b"next")
        with Spool(path, capacity_bytes=CAPACITY) as spool:
            assert contents(spool) == [b"whole", b"next"]


def test_open_when_the_machine_died_before_the_wrap_was_written_then_what_was_before_is_there(tmp_path: Path) -> None:
    path = tmp_path / "ring"
    with Spool(path, capacity_bytes=CAPACITY) as spool:
        spool.append(bytes(2000))
        spool.append(b"kept" * 400)
        drained, position = spool.peek(max_bytes=1)
        spool.discard(position)
        spool.append(b"lost" * 400)
    torn = bytearray(path.read_bytes())
    torn[mmap.PAGESIZE : mmap.PAGESIZE + 8] = bytes(8)
    path.write_bytes(torn)

    with Spool(path, capacity_bytes=CAPACITY) as spool:
        assert drained == [bytes(2000)]
        assert contents(spool) == [b"kept" * 400]


@pytest.mark.parametrize("damage", [b"", b"NOTSPOOL", b"EXPSPOOL"])
def test_open_when_the_file_is_no_spool_then_it_begins_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "ring").write_bytes(damage)

    with Spool(tmp_path / "ring", capacity_bytes=CAPACITY) as spool:
        assert spool.is_empty
        assert spool.append(b"x")


def test_open_when_another_process_has_it_then_refused_until_that_ends(tmp_path: Path) -> None:
    path = tmp_path / "ring"
    script = (
        "import sys; from pathlib import Path; from services.bandit.store.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1]), capacity_bytes=4096); print('open', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(SpoolInUseError, match="in use by another process"):
            Spool(path, capacity_bytes=CAPACITY)
        other.communicate(timeout=60)

    Spool(path, capacity_bytes=CAPACITY).close()


def test_open_when_it_is_open_here_then_refused(tmp_path: Path) -> None:
    with Spool(tmp_path / "ring", capacity_bytes=CAPACITY), pytest.raises(SpoolInUseError):
        Spool(tmp_path / "ring", capacity_bytes=CAPACITY)


def test_open_when_another_size_is_wanted_then_it_keeps_its_size_until_it_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "ring"
    with Spool(path, capacity_bytes=CAPACITY) as spool:
        spool.append(b"waits")
    with Spool(path, capacity_bytes=4 * CAPACITY) as spool:
        assert (spool.capacity_bytes, drain(spool)) == (CAPACITY, [b"waits"])
    with Spool(path, capacity_bytes=4 * CAPACITY) as spool:
        assert (spool.capacity_bytes, spool.is_empty) == (4 * CAPACITY, True)
        assert spool.append(bytes(2 * CAPACITY))


def test_new_when_made_then_every_byte_is_on_the_disk_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    Spool(tmp_path / "deep" / "ring", capacity_bytes=16 * CAPACITY).close()

    status = (tmp_path / "deep" / "ring").stat()
    assert status.st_size == 17 * CAPACITY
    assert status.st_blocks * 512 >= status.st_size
    assert status.st_mode & 0o777 == 0o600


def test_threads_when_many_append_and_one_drains_then_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    each, writers = 1500, 4
    received: list[bytes] = []
    with Spool(tmp_path / "ring", capacity_bytes=4 * CAPACITY) as spool:

        def write(writer: int) -> None:
            for number in range(each):
                while not spool.append(b"%d:%d" % (writer, number)):
                    pass

        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
        for thread in threads:
            thread.start()
        while len(received) < each * writers and (any(thread.is_alive() for thread in threads) or not spool.is_empty):
            received += drain(spool)
        for thread in threads:
            thread.join()

    for writer in range(writers):
        mine = [payload for payload in received if payload.startswith(b"%d:" % writer)]
        assert mine == [b"%d:%d" % (writer, number) for number in range(each)]

"""A client waits until it is ready, knows how fresh it is, and closes cleanly."""

import asyncio
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from experimentation_client import AsyncClient, Client, ClosedError, Freshness, Settings, Undelivered
from shared.rpc.options import ServerOptions
from tests.client.conftest import NewClient
from tests.client.examples import QUICK, WAIT_SECONDS, message, when
from tests.client.server import ScriptedBandit

CERTIFICATES = Path(__file__).resolve().parents[1] / "shared" / "rpc" / "certificates"
TLS = ServerOptions(
    tls_certificate=CERTIFICATES / "server.pem",
    tls_key=CERTIFICATES / "server.key",
    tls_client_ca=CERTIFICATES / "ca.pem",
)


def test_close_when_rows_wait_then_they_are_delivered_first(bandit: ScriptedBandit, new_client: NewClient) -> None:
    with new_client(bandit.address, settings=replace(QUICK, delivery_interval_seconds=3600)) as client:
        assert client.wait_until_ready(WAIT_SECONDS)
        client.allocate("checkout", "u")
        client.record_outcome("checkout", "u", "conversion", 1)

    assert (bandit.exposed_units, len(bandit.outcomes)) == (["u"], 1)
    assert client.close() == Undelivered(0, 0)


def test_close_when_the_server_is_away_then_says_how_many_rows_are_lost(
    bandit: ScriptedBandit, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    bandit.stop()
    client.allocate("checkout", "u")
    for _ in range(3):
        client.record_outcome("checkout", "u", "conversion", 1)

    assert client.close(0.1) == Undelivered(exposure_count=1, outcome_count=3)

    assert "1 exposures and 3 outcomes could not be delivered" in caplog.text
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("experimentation-")] == []


def test_close_when_closed_then_rows_are_refused_and_memory_still_answers(client: Client) -> None:
    client.close()

    assert client.allocate("checkout", "u", expose=False).arm_id.startswith("arm-")
    for refused in (
        lambda: client.allocate("checkout", "u"),
        lambda: client.record_outcome("checkout", "u", "conversion", 1),
        lambda: client.record_exposure(client.allocate("checkout", "u", expose=False)),
    ):
        with pytest.raises(ClosedError, match="the client is closed"):
            refused()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fork_when_a_child_inherits_the_client_then_it_refuses_rows_and_the_parent_goes_on(
    bandit: ScriptedBandit, client: Client
) -> None:
    child = os.fork()
    if child == 0:
        try:
            client.allocate("checkout", "child")
        except ClosedError:
            os._exit(7)
        os._exit(1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    client.allocate("checkout", "parent")
    assert client.flush(WAIT_SECONDS)
    assert bandit.exposed_units == ["parent"]


def test_metadata_when_given_then_goes_with_every_call(bandit: ScriptedBandit, new_client: NewClient) -> None:
    client = new_client(bandit.address, metadata=[("x-shop", "7")], token="123")
    assert client.wait_until_ready(WAIT_SECONDS)
    assert (bandit.metadata["x-shop"], bandit.metadata["authorization"]) == ("7", "Bearer 123")
    bandit.metadata = {}

    client.record_outcome("checkout", "u", "conversion", 1)

    assert client.flush(WAIT_SECONDS)
    assert (bandit.metadata["x-shop"], bandit.metadata["authorization"]) == ("7", "Bearer 123")


def test_wait_until_ready_when_an_experiment_is_not_there_then_times_out_until_it_is(
    bandit: ScriptedBandit, new_client: NewClient
) -> None:
    client = new_client(bandit.address, experiment_ids=["checkout", "later"])
    when(client, lambda: "checkout" in client.experiment_ids)
    assert not client.wait_until_ready(0.01)

    bandit.publish(message("later"))

    assert client.wait_until_ready(WAIT_SECONDS)


def test_subscription_when_its_time_is_over_then_is_renewed_and_stays_fresh(
    bandit: ScriptedBandit, new_client: NewClient
) -> None:
    client = new_client(bandit.address, settings=replace(QUICK, stream_seconds=0.5))
    assert client.wait_until_ready(WAIT_SECONDS)
    states: set[Freshness] = set()

    def renewed_twice() -> bool:
        states.add(client.freshness)
        return bandit.stream_count >= 3

    when(client, renewed_twice)

    assert states == {Freshness.FRESH}


def test_freshness_when_the_server_is_silent_for_long_then_is_stale_with_its_age(
    bandit: ScriptedBandit, new_client: NewClient
) -> None:
    hand = [1000.0]
    client = new_client(bandit.address, monotonic=lambda: hand[0], settings=replace(QUICK, stale_after_seconds=50))
    assert client.wait_until_ready(WAIT_SECONDS)
    hand[0] += 50
    assert (client.freshness, client.age_seconds) == (Freshness.FRESH, 50.0)

    hand[0] += 1

    assert (client.freshness, client.age_seconds) == (Freshness.STALE, 51.0)
    assert client.allocate("checkout", "u").freshness is Freshness.STALE


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"buffer_rows": 0}, "buffer_rows == 0"),
        ({"batch_rows": 4001}, "must be <= 4000"),
        ({"call_timeout_seconds": float("inf")}, "call_timeout_seconds == inf"),
        ({"stale_after_seconds": float("nan")}, "stale_after_seconds == nan"),
    ],
)
def test_settings_when_out_of_range_then_say_which(changes: dict[str, float], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Settings(**changes)  # type: ignore[arg-type]


@pytest.fixture
def secured() -> Iterator[ScriptedBandit]:
    """A bandit that speaks mutual TLS alone."""
    server = ScriptedBandit(message(), options=TLS)
    server.start()
    yield server
    server.stop()


def credentials() -> grpc.ChannelCredentials:
    ca, key, certificate = ((CERTIFICATES / name).read_bytes() for name in ("ca.pem", "client.key", "client.pem"))
    return grpc.ssl_channel_credentials(ca, key, certificate)


def test_credentials_when_given_then_both_clients_speak_tls(secured: ScriptedBandit, new_client: NewClient) -> None:
    async def use() -> bool:
        async with AsyncClient(secured.address, credentials=credentials(), settings=QUICK) as client:
            return await client.wait_until_ready(WAIT_SECONDS)

    assert new_client(secured.address, credentials=credentials()).wait_until_ready(WAIT_SECONDS)
    assert asyncio.run(use())
    assert not new_client(secured.address).wait_until_ready(0.2)

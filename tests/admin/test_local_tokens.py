"""The identities of a local stack: made once, kept, made again when they are lost."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy

from experimentation.v1 import identity_service_pb2 as pb
from experimentation.v1.identity_service_pb2_grpc import IdentityServiceStub
from services.admin.local_tokens import FOLDER, IDENTITIES, LocalTokens, admin_token_file, token_of
from services.review.config import Config
from services.review.main import Review
from shared import clock, errors
from shared.config import Secret
from shared.rpc import client
from tests.fakes import identity

WAIT_SECONDS = 10.0
NEVER = threading.Event()

Start = Callable[[], str]


@pytest.fixture
def review(database_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts review as the local stack does, and returns where it answers."""
    running: list[Review] = []

    def start() -> str:
        token = admin_token_file(tmp_path).read_text()
        config = Config(
            address="127.0.0.1:0",
            database_url=Secret(database_url),
            bootstrap_admin_token=Secret(token),
            bootstrap_admin_id="ada",
            drain_grace=timedelta(seconds=1),
        )
        running.append(Review(config))
        return running[-1].start()["grpc"]

    yield start
    for one in running:
        one.stop()


def make(tmp_path: Path, address: str, now: clock.Clock = clock.now) -> dict[str, str]:
    """Makes the identities; returns the tokens in the files."""
    assert LocalTokens(tmp_path, review_address=lambda: address, clock=now).start(NEVER) == {}
    return {path.name: path.read_text() for path in (tmp_path / FOLDER).iterdir()}


def caller(address: str, token: Secret) -> pb.GetCallerResponse:
    with client.open_channel(address, token=token) as channel:
        return IdentityServiceStub(channel).GetCaller(pb.GetCallerRequest(), timeout=WAIT_SECONDS)


def test_tokens_when_made_then_each_identity_has_its_role_and_only_the_owner_may_read(
    review: Start, tmp_path: Path
) -> None:
    address = review()
    made = make(tmp_path, address)

    assert made.keys() == {one.principal_id for one in IDENTITIES}
    for one in IDENTITIES:
        principal = caller(address, token_of(tmp_path, one.principal_id)).principal
        assert (principal.principal_id, principal.kind, list(principal.roles)) == (
            one.principal_id,
            one.kind,
            [one.role],
        )
        path = tmp_path / FOLDER / one.principal_id
        assert path.stat().st_mode & 0o777 == 0o600
    for folder in (tmp_path / FOLDER, (tmp_path / FOLDER).parent):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_tokens_when_the_stack_starts_again_then_they_are_kept(review: Start, tmp_path: Path) -> None:
    first = make(tmp_path, review())

    assert make(tmp_path, review()) == first


@pytest.mark.parametrize("lost", ["rob", "ada"])
def test_tokens_when_a_file_is_lost_then_that_identity_gets_a_new_one(review: Start, tmp_path: Path, lost: str) -> None:
    first = make(tmp_path, review())
    (tmp_path / FOLDER / lost).unlink()

    address = review()
    second = make(tmp_path, address)

    assert {name for name in first if first[name] != second[name]} == {lost}
    assert caller(address, token_of(tmp_path, lost)).principal.principal_id == lost


def test_tokens_when_a_file_holds_what_is_not_good_then_that_identity_gets_a_new_one(
    review: Start, tmp_path: Path
) -> None:
    address = review()
    first = make(tmp_path, address)
    (tmp_path / FOLDER / "ann").write_text(first["rob"])
    (tmp_path / FOLDER / "rob").write_text(identity.secret("rob").value)

    make(tmp_path, address)

    assert caller(address, token_of(tmp_path, "ann")).principal.principal_id == "ann"
    assert caller(address, token_of(tmp_path, "rob")).principal.principal_id == "rob"


def test_tokens_when_they_end_soon_then_they_are_renewed(review: Start, tmp_path: Path) -> None:
    address = review()
    first = make(tmp_path, address)

    def in_eleven_months() -> datetime:
        return clock.now() + timedelta(days=340)

    second = make(tmp_path, address, in_eleven_months)

    assert not set(first.values()) & set(second.values())


def test_tokens_when_the_store_has_admins_of_its_own_then_says_so(
    review: Start, tmp_path: Path, engine: sqlalchemy.Engine
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO principals VALUES ('boss', 'HUMAN', 'boss', 'boss', '[\"admin\"]', '[]', false, now())"
        )
    address = review()

    with pytest.raises(errors.FailedPrecondition, match="admins of its own") as caught:
        make(tmp_path, address)

    assert caught.value.reason is errors.Reason.INVALID_STATE

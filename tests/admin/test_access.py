"""Where a command calls, and with which token: every source, their order, and what is never sent."""

from pathlib import Path

import pytest

from services.admin.access import Access, Server
from services.admin.claim import claimed
from services.admin.config import Config
from services.admin.options import Options
from shared.config import ConfigError, Secret
from shared.errors import FailedPrecondition, InvalidArgument, NotFound, Reason
from shared.rpc.client import ClientTls

NO_OPTIONS = Options()
PROFILE = '[profiles.staging]\nreview = "review.example:443"\ntls = true\n'


def access(tmp_path: Path, options: Options = NO_OPTIONS, **environment: str) -> Access:
    secret = {"token": Secret(environment.pop("token"))} if "token" in environment else {}
    return Access(options, Config(config_home=str(tmp_path / "config"), **secret, **environment))  # type: ignore[arg-type]  # texts


def write_profile(tmp_path: Path, content: str = PROFILE, token: str = "") -> None:
    home = tmp_path / "config" / "expctl"
    (home / "tokens").mkdir(parents=True)
    (home / "config.toml").write_text(content)
    if token:
        (home / "tokens" / "staging").write_text(token)


def local_stack(tmp_path: Path, *identities: str) -> Path:
    tokens = tmp_path / "stack" / "secrets" / "tokens"
    tokens.mkdir(parents=True)
    for identity in identities:
        (tokens / identity).write_text(f"exp_{identity}\n")
    return tmp_path / "stack"


def test_server_when_a_stack_runs_then_it_is_called_as_ann(tmp_path: Path) -> None:
    directory = local_stack(tmp_path, "ann", "rob")

    with claimed(directory) as publish:
        publish({"review": "127.0.0.1:7"})
        found = access(tmp_path, Options(directory=directory)).server("review")
        as_rob = access(tmp_path, Options(directory=directory, identity="rob")).server("review")

    assert found == Server("127.0.0.1:7", Secret("exp_ann"))
    assert as_rob == Server("127.0.0.1:7", Secret("exp_rob"))


def test_server_when_no_stack_runs_then_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(FailedPrecondition, match="no stack is ready") as caught:
        access(tmp_path, Options(directory=tmp_path)).server("review")
    assert caught.value.reason is Reason.INVALID_STATE


def test_server_when_the_identity_is_unknown_then_says_which_there_are(tmp_path: Path) -> None:
    directory = local_stack(tmp_path, "ann", "rob")
    options = Options(directory=directory, identity="../rob", address="127.0.0.1:7")

    with pytest.raises(NotFound, match="it has ann, rob") as caught:
        access(tmp_path, options).server("review")
    assert caught.value.reason is Reason.PRINCIPAL_NOT_FOUND


def test_server_when_addresses_are_given_then_the_nearest_counts(tmp_path: Path) -> None:
    options = Options(directory=tmp_path, review_address="127.0.0.1:1", bandit_address="127.0.0.1:2")

    assert access(tmp_path, options).server("review") == Server("127.0.0.1:1")
    assert access(tmp_path, options).server("bandit") == Server("127.0.0.1:2")
    nearest = Options(directory=tmp_path, review_address="127.0.0.1:1", address="unix:/s")
    assert access(tmp_path, nearest).server("review") == Server("unix:/s")


def test_server_when_a_profile_is_named_then_its_address_tls_and_token(tmp_path: Path) -> None:
    write_profile(tmp_path, token="exp_staging\n")
    expected = Server("review.example:443", Secret("exp_staging"), ClientTls())

    assert access(tmp_path, Options(profile="staging")).server("review") == expected
    assert access(tmp_path, profile="staging").server("review") == expected


def test_server_when_the_file_has_a_default_then_that_profile(tmp_path: Path) -> None:
    write_profile(tmp_path, f'default = "staging"\n{PROFILE}')

    assert access(tmp_path).server("review").address == "review.example:443"


def test_server_when_an_identity_is_named_then_no_profile_counts(tmp_path: Path) -> None:
    write_profile(tmp_path, f'default = "staging"\n{PROFILE}')

    assert access(tmp_path, Options(identity="rob"), profile="staging").profile_name == ""


def test_server_when_the_profile_lacks_the_service_then_says_so(tmp_path: Path) -> None:
    write_profile(tmp_path)

    with pytest.raises(FailedPrecondition, match="'staging' has no bandit address"):
        access(tmp_path, Options(profile="staging")).server("bandit")


def test_server_when_the_profile_is_unknown_then_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no profile 'none'"):
        access(tmp_path, Options(profile="none")).server("review")


def test_server_when_profile_and_identity_are_given_then_refuses(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument) as caught:
        access(tmp_path, Options(profile="a", identity="b")).server("review")
    assert [each.field for each in caught.value.violations] == ["--as"]


def test_token_when_the_environment_has_one_then_it_is_sent(tmp_path: Path) -> None:
    write_profile(tmp_path, token="exp_staging")

    assert access(tmp_path, Options(profile="staging"), token="exp_ci").server("review").token == Secret("exp_ci")


@pytest.mark.parametrize("address", ["review.example:1", "10.0.0.1:1", "[2001:db8::1]:1", "localhost.example:1"])
def test_token_of_the_local_stack_when_the_address_is_elsewhere_then_stays_here(tmp_path: Path, address: str) -> None:
    directory = local_stack(tmp_path, "ann")

    assert access(tmp_path, Options(directory=directory, address=address)).server("review").token is None
    with pytest.raises(FailedPrecondition, match="unprotected") as caught:
        access(tmp_path, Options(directory=directory, address=address, identity="ann")).server("review")
    assert caught.value.reason is Reason.INVALID_STATE


@pytest.mark.parametrize("address", ["127.0.0.1:1", "localhost:1", "[::1]:1", "unix:/run/review"])
def test_token_of_the_local_stack_when_the_address_is_here_then_is_sent(tmp_path: Path, address: str) -> None:
    directory = local_stack(tmp_path, "ann")

    found = access(tmp_path, Options(directory=directory, address=address)).server("review")

    assert found == Server(address, Secret("exp_ann"))


def test_token_of_a_profile_when_there_is_no_tls_then_only_where_it_says_so(tmp_path: Path) -> None:
    write_profile(tmp_path, '[profiles.staging]\nreview = "review.example:80"\n', token="exp_staging")
    with pytest.raises(FailedPrecondition, match="unprotected"):
        access(tmp_path, Options(profile="staging")).server("review")

    (tmp_path / "config" / "expctl" / "config.toml").write_text(
        '[profiles.staging]\nreview = "review.example:80"\nplaintext = true\n'
    )
    assert access(tmp_path, Options(profile="staging")).server("review").token == Secret("exp_staging")


def test_knows_when_there_is_an_address_of_its_own_then_yes(tmp_path: Path) -> None:
    write_profile(tmp_path, 'default = "staging"\n' + PROFILE + 'gateway = "gateway.example:443"\n')

    assert access(tmp_path).knows("gateway")
    assert not access(tmp_path).knows("ai")
    assert access(tmp_path, Options(ai_address="127.0.0.1:1")).knows("ai")
    # It is one server's, and of whichever service the command calls.
    assert not access(tmp_path, Options(address="127.0.0.1:1")).knows("gateway")


def test_knows_when_a_stack_runs_then_what_is_in_it(tmp_path: Path) -> None:
    directory = local_stack(tmp_path, "ann")
    assert not access(tmp_path, Options(directory=directory)).knows("gateway")

    with claimed(directory) as publish:
        assert not access(tmp_path, Options(directory=directory)).knows("gateway")
        publish({"review": "127.0.0.1:7", "gateway": "127.0.0.1:8"})
        assert access(tmp_path, Options(directory=directory)).knows("gateway")
        assert not access(tmp_path, Options(directory=directory)).knows("ai")

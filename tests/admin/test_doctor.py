"""What doctor finds of the gateway: that it lives, that it is another, that nobody is there; or none is looked for."""

from pathlib import Path

import pytest

from services.admin import doctor
from services.admin.access import Access
from services.admin.claim import claimed
from services.admin.config import Config
from services.admin.doctor import Check, Health
from services.admin.gateway import LIVE
from services.admin.options import Options
from services.gateway.door import health
from shared import clock
from tests.admin.http_answers import answering
from tests.gateway import front

LIVES = '{"status": "live"}'
NOWHERE = "127.0.0.1:1"


def found(tmp_path: Path, options: Options) -> Check | None:
    """Returns what is found of the gateway; None: it was not looked for."""
    access = Access(options, Config(config_home=str(tmp_path / "config")))
    return {each.name: each for each in doctor.checks(access, clock.now)}.get("gateway")


def profile(tmp_path: Path, content: str) -> Options:
    """Returns the options that name a profile of this content; services without an address are not called."""
    home = tmp_path / "config" / "expctl"
    home.mkdir(parents=True)
    (home / "config.toml").write_text(f"[profiles.here]\n{content}\n")
    return Options(profile="here")


def given(tmp_path: Path, gateway: str) -> Options:
    return profile(tmp_path, f'gateway = "{gateway}"')


def test_gateway_when_a_real_one_lives_then_good(tmp_path: Path) -> None:
    with front.opened(front.QUICK.upstream) as real:
        address = real.addresses["http"]

        assert found(tmp_path, given(tmp_path, address)) == Check("gateway", Health.GOOD, f"lives at {address}")
    assert LIVE == health.LIVE


def test_gateway_when_the_local_stack_has_one_then_it_is_asked_without_the_token(tmp_path: Path) -> None:
    tokens = tmp_path / "secrets" / "tokens"
    tokens.mkdir(parents=True)
    (tokens / "ann").write_text("exp_ann")

    with answering(200, LIVES) as server, claimed(tmp_path) as publish:
        publish({"gateway": server.address})
        check = found(tmp_path, Options(directory=tmp_path))

    assert check is not None
    assert check.health is Health.GOOD
    assert server.asked == [("GET", LIVE, "")]


@pytest.mark.parametrize(("code", "body"), [(404, ""), (200, "<html>"), (200, "{}"), (503, LIVES)])
def test_gateway_when_somebody_else_answers_then_bad_with_a_remedy(tmp_path: Path, code: int, body: str) -> None:
    with answering(code, body) as server:
        check = found(tmp_path, given(tmp_path, server.address))

    assert check is not None
    assert check.health is Health.BAD
    assert check.found == f"{server.address} answers {code} in another way than the gateway"
    assert "--gateway-address" in check.remedy


@pytest.mark.parametrize("address", [NOWHERE, "127.0.0.1:port"])
def test_gateway_when_nobody_answers_then_bad_with_a_remedy(tmp_path: Path, address: str) -> None:
    check = found(tmp_path, given(tmp_path, address))

    assert check is not None
    assert check.health is Health.BAD
    assert address in check.found
    assert check.remedy.startswith("start it, or give --gateway-address")


def test_gateway_when_neither_profile_nor_stack_has_one_then_it_is_not_looked_for(tmp_path: Path) -> None:
    assert found(tmp_path, Options(directory=tmp_path)) is None
    assert found(tmp_path, profile(tmp_path, f'review = "{NOWHERE}"')) is None

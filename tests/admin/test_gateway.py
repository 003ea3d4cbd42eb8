"""Calls of the gateway over TLS: whom the profile trusts, and whom it does not."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.admin import gateway
from services.admin.access import Server
from services.admin.gateway import LIVE
from shared.errors import Unavailable
from shared.rpc.client import ClientTls
from tests.gateway import front

CERTIFICATES = Path(__file__).resolve().parents[1] / "shared" / "rpc" / "certificates"
SECONDS = 20.0


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where a gateway answers over TLS."""
    with front.opened(tls_certificate=CERTIFICATES / "server.pem", tls_key=CERTIFICATES / "server.key") as opened:
        yield f"localhost:{opened.addresses['http'].rpartition(':')[2]}"


def asked(address: str, tls: ClientTls | None) -> httpx.Response:
    return gateway.ask(Server(address, tls=tls), "GET", LIVE, timeout_seconds=SECONDS)


def test_ask_when_the_profile_says_who_signed_then_it_is_trusted(address: str) -> None:
    assert gateway.is_live(asked(address, ClientTls(CERTIFICATES / "ca.pem")))


def test_ask_when_the_file_of_signers_has_comments_then_they_do_not_matter(address: str, tmp_path: Path) -> None:
    commented = tmp_path / "ca.pem"
    commented.write_bytes("# Autorité de confiance\n".encode() + (CERTIFICATES / "ca.pem").read_bytes())

    assert gateway.is_live(asked(address, ClientTls(commented)))


@pytest.mark.parametrize("tls", [ClientTls(), None])
def test_ask_when_it_is_not_trusted_or_called_without_tls_then_unavailable(address: str, tls: ClientTls | None) -> None:
    with pytest.raises(Unavailable, match="no gateway answers at http"):
        asked(address, tls)


def test_ask_when_the_file_is_missing_then_names_it(address: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nobody\.pem"):
        asked(address, ClientTls(tmp_path / "nobody.pem"))

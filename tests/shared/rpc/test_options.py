"""Server options from the environment."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shared import config
from shared.rpc.options import ServerOptions


@dataclass(frozen=True, slots=True)
class Config:
    server: ServerOptions = field(default=ServerOptions(address="127.0.0.1:50051"))


def test_options_when_read_from_the_environment_then_keep_the_process_default() -> None:
    loaded = config.load(Config, "BANDIT_", environ={"BANDIT_SERVER_WAITING_LIMIT": "9"})

    assert loaded.server == ServerOptions(address="127.0.0.1:50051", waiting_limit=9)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"BANDIT_SERVER_ADDRESS": "localhost"}, "address == 'localhost', must be host:port or unix:/path"),
        ({"BANDIT_SERVER_TLS_KEY": "k.pem"}, "tls_certificate and tls_key must be given together"),
        ({"BANDIT_SERVER_TLS_CLIENT_CA": "ca.pem"}, "tls_client_ca needs tls_certificate and tls_key"),
    ],
)
def test_options_when_they_do_not_fit_together_then_are_refused(environ: dict[str, str], problem: str) -> None:
    with pytest.raises(config.ConfigError) as raised:
        config.load(Config, "BANDIT_", environ=environ)

    assert raised.value.problems == (problem,)


def test_options_when_given_to_grpc_then_ports_are_not_shared_and_messages_are_bounded() -> None:
    arguments = dict(ServerOptions().channel_arguments())

    assert arguments["grpc.so_reuseport"] == 0
    assert arguments["grpc.max_receive_message_length"] == arguments["grpc.max_send_message_length"] == 4 * 1024**2


def test_credentials_when_a_file_is_missing_then_says_which(tmp_path: Path) -> None:
    absent = tmp_path / "absent.pem"

    with pytest.raises(FileNotFoundError, match=r"absent\.pem"):
        ServerOptions(tls_certificate=absent, tls_key=absent).credentials()

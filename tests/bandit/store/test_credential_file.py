"""The file with those who may call."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.bandit.store.credential_file import LocalCredentialFile
from shared.identity.credential_book import CredentialBook
from shared.identity.principal import Principal, PrincipalKind, Role
from shared.identity.token import ApiToken

NOW = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
BOOK = CredentialBook(
    [
        Principal(
            "shop",
            PrincipalKind.SERVICE,
            "ann",
            frozenset({Role.SERVICE, Role.VIEWER}),
            frozenset({"growth"}),
            "The shop ß",
            frozenset({"mtls:shop", "oidc:i#s"}),
            disabled=True,
            created_at=NOW,
        )
    ],
    [
        ApiToken("t1", "shop", "ab" * 32, frozenset({"audit.read"}), NOW, NOW + timedelta(days=1), NOW, "for the shop"),
        ApiToken("t2", "shop", "cd" * 32, frozenset(), NOW, NOW + timedelta(days=1)),
    ],
)


@pytest.fixture
def file(tmp_path: Path) -> LocalCredentialFile:
    return LocalCredentialFile(tmp_path / "state" / "credentials.json")


def test_file_when_written_then_reads_the_same_book(file: LocalCredentialFile) -> None:
    file.write(CredentialBook([], []))
    file.write(BOOK)

    assert file.read() == BOOK


def test_file_when_written_then_only_the_owner_may_read(file: LocalCredentialFile, tmp_path: Path) -> None:
    file.write(BOOK)

    assert (tmp_path / "state" / "credentials.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["credentials.json"]


def test_file_when_there_is_none_then_says_so(file: LocalCredentialFile) -> None:
    assert file.read() is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("growth", "grown"),
        lambda text: text.replace('"disabled": true', '"disabled": false'),
        lambda text: "[]",
        lambda text: json.dumps({**json.loads(text), "checksum": "0" * 64}),
        lambda text: "{}",
    ],
)
def test_file_when_it_is_damaged_then_nobody_is_known_from_it(
    file: LocalCredentialFile, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: object
) -> None:
    file.write(BOOK)
    path = tmp_path / "state" / "credentials.json"
    path.write_text(damage(path.read_text()))  # type: ignore[operator]

    assert file.read() is None
    assert "credential file is damaged" in caplog.text

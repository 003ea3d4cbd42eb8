"""The commands of principals, tokens and one's own account, against a real review server."""

import io
from pathlib import Path

import pytest

from services.admin.profiles import ProfileBook
from services.admin.run import run
from tests.admin.conftest import Expctl
from tests.fakes import identity


def test_whoami_when_known_then_who_and_what_one_may_do(expctl: Expctl) -> None:
    shown = expctl("whoami", who="rob")

    assert shown.code == 0
    assert shown.out.startswith("rob")
    assert "changes.review" in shown.out
    assert expctl("-o", "json", "whoami").json["principal"]["principal_id"] == "ann"


def test_whoami_when_the_token_is_unknown_then_4(expctl: Expctl, identities: Path) -> None:
    (identities / "secrets" / "tokens" / "ann").write_text("exp_none_" + "x" * 43)

    ended = expctl("-o", "json", "whoami")

    assert ended.code == 4
    assert '"reason": "UNAUTHENTICATED"' in ended.err


def test_principal_when_created_and_changed_then_it_is_as_asked(expctl: Expctl) -> None:
    created = expctl("principal", "create", "eve", "--kind", "human", "--role", "reviewer", "--group", "pay", who="ada")
    changed = expctl("-o", "json", "principal", "update", "eve", "--name", "Eve", "--role", "viewer", who="ada")

    assert created.code == 0
    assert "--as ada token create --for eve" in created.err
    found = changed.json
    assert (found["display_name"], found["roles"], found["groups"]) == ("Eve", ["viewer"], ["pay"])
    assert "eve" in expctl("principal", "list", who="ada").out


def test_principal_when_disabled_then_asks_for_the_name(expctl: Expctl) -> None:
    unnamed = expctl("principal", "update", "bob", "--disable", who="ada")
    disabled = expctl("principal", "update", "bob", "--disable", "--confirm", "bob", who="ada")

    assert (unnamed.code, disabled.code) == (2, 0)
    assert "bob (disabled)" in disabled.out
    assert expctl("principal", "update", "none", "--enable", who="ada").code == 3
    assert expctl("principal", "update", "bob", who="ada").code == 2


def test_principal_when_one_may_not_then_4(expctl: Expctl) -> None:
    assert expctl("principal", "create", "eve", "--kind", "human", "--role", "admin").code == 4


def test_token_when_created_then_the_secret_alone_is_the_answer(expctl: Expctl) -> None:
    made = expctl("token", "create", "--description", "laptop", "--ttl", "1h")

    assert made.code == 0
    assert made.out.startswith("exp_")
    assert made.out.count("\n") == 1
    assert "not shown again" in made.err
    listed = expctl("-o", "json", "token", "list").json["items"]
    assert [each["description"] for each in listed][:1] == ["laptop"]
    assert made.out.strip() not in str(listed)


def test_token_when_rotated_and_revoked_then_says_so(expctl: Expctl) -> None:
    token = expctl("-o", "json", "token", "create").json["token"]["token_id"]

    rotated = expctl("-o", "json", "token", "rotate", token, "--overlap", "0s")
    unsure = expctl("token", "revoke", rotated.json["token"]["token_id"])
    revoked = expctl("token", "revoke", rotated.json["token"]["token_id"], "--yes")

    assert "write it into" in rotated.err
    assert rotated.json["secret"].startswith("exp_")
    assert (unsure.code, revoked.code) == (2, 0)
    assert "revoked" in revoked.out
    assert expctl("token", "revoke", "tok_none", "--yes").code == 4
    assert expctl("token", "revoke", "tok_none", "--yes", who="ada").code == 3
    assert expctl("token", "create", "--ttl", "long").code == 2


def test_login_when_the_token_is_good_then_keeps_it_in_a_profile(
    review_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = identity.secret("rob").value
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{secret}\n"))

    assert run(["login", "--profile", "here", "--review-address", review_address]) == 0
    output = capsys.readouterr()
    assert secret not in output.out + output.err
    assert output.out.startswith("rob")

    book = ProfileBook(tmp_path / "config" / "expctl")
    kept = book.token_path("here", book.read("here"))
    assert kept.read_text() == f"{secret}\n"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert run(["whoami", "--profile", "here", "-o", "json"]) == 0
    assert '"principal_id": "rob"' in capsys.readouterr().out


def test_login_when_the_token_is_not_good_then_keeps_nothing(
    review_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"exp_none_{'x' * 43}\n"))

    assert run(["login", "--profile", "here", "--review-address", review_address]) == 4
    assert not (tmp_path / "config" / "expctl").exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ([], "--profile: is needed"),
        (["--profile", "a/b", "--review-address", "127.0.0.1:1"], "--profile: is needed"),
        (["--profile", "new"], "--review-address: is needed"),
        (["--profile", "new", "--review-address", "review.example:1"], "unprotected"),
        (["--profile", "new", "--review-address", "127.0.0.1:1"], "no review service answers"),
    ],
)
def test_login_when_the_line_is_wrong_then_says_what_is_missing(
    line: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("exp_1_secret\n"))

    assert run(["login", *line]) != 0
    assert said in capsys.readouterr().err


def test_login_when_there_is_no_token_then_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    assert run(["login", "--profile", "new", "--review-address", "127.0.0.1:1"]) == 2
    assert "must hold the token" in capsys.readouterr().err

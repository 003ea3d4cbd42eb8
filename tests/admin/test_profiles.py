"""Profiles: what is read from the file, what is refused, and that tokens are kept well."""

from pathlib import Path

import pytest

from services.admin.profiles import Profile, ProfileBook
from shared.config import ConfigError, Secret


def book(tmp_path: Path, content: str = "") -> ProfileBook:
    if content:
        (tmp_path / "config.toml").write_text(content, encoding="utf-8")
    return ProfileBook(tmp_path)


def test_read_when_there_is_no_file_then_says_how_to_make_a_profile(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no profile 'staging' \(known: .*expctl login"):
        book(tmp_path).read("staging")
    assert book(tmp_path).default() == ""


def test_read_when_a_profile_is_there_then_paths_start_at_the_file(tmp_path: Path) -> None:
    found = book(tmp_path, 'default = "s"\n[profiles.s]\nreview = "r:1"\nca = "ca.pem"\ntoken_file = "/abs/t"\n')

    assert found.default() == "s"
    assert found.names == ("s",)
    assert found.read("s") == Profile(review="r:1", ca=tmp_path / "ca.pem", token_file=Path("/abs/t"))
    assert found.read("s").is_secure


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[profiles.s]\nrevew = 'x'\n", "profiles.s.revew: there is no such setting"),
        ("[profiles.s]\nreview = 1\n", "profiles.s.review: must be a str"),
        ("[profiles.s]\ntls = 'yes'\n", "profiles.s.tls: must be a bool"),
        ("[profiles]\ns = 1\n", "profiles.s"),
        ("profiles = 1\n", "must be tables"),
        ("not toml", "config.toml: "),
    ],
)
def test_read_when_the_file_is_not_usable_then_says_where(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        book(tmp_path, content).read("s")
    assert said in str(caught.value)


def test_default_when_it_is_no_name_then_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="default must be"):
        book(tmp_path, "default = 1\n").default()


def test_add_when_there_is_a_file_then_what_stands_there_stays(tmp_path: Path) -> None:
    found = book(tmp_path, "# mine\n[profiles.a]\nreview = 'r:1'\n")

    found.add("b", {"review": 'x"\\\n', "tls": True})

    assert found.path.read_text().startswith("# mine\n[profiles.a]\nreview = 'r:1'\n")
    assert found.read("a").review == "r:1"
    assert found.read("b") == Profile(review='x"\\\n', tls=True)


def test_save_token_when_kept_then_only_the_user_reads_it_and_it_comes_back(tmp_path: Path) -> None:
    found = book(tmp_path / "fresh")

    path = found.save_token("s", Profile(), Secret("exp_1_secret"))
    found.save_token("s", Profile(), Secret("exp_2_secret"))

    assert path == tmp_path / "fresh" / "tokens" / "s"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert found.token("s", Profile()) == Secret("exp_2_secret")
    assert [each.name for each in path.parent.iterdir()] == ["s"]


def test_token_when_none_was_kept_then_none(tmp_path: Path) -> None:
    assert book(tmp_path).token("s", Profile()) is None


def test_token_when_its_file_is_named_and_missing_then_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the token cannot be read"):
        book(tmp_path).token("s", Profile(token_file=tmp_path / "none"))

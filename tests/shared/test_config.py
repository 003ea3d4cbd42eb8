"""Configuration: what is read, what is refused, what is shown."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import pytest

from shared import config
from shared.config import ConfigError, Secret, setting


class Mode(StrEnum):
    SAFE = "safe"
    BOLD = "bold"


@dataclass(frozen=True, slots=True)
class Listener:
    address: str = field(default="127.0.0.1:0", metadata=setting("Is where to listen."))
    backlog: int = field(default=8, metadata=setting("Is how many wait.", unit="connections", minimum=1, maximum=64))

    def __post_init__(self) -> None:
        if self.address == "nowhere":
            raise ValueError("address == 'nowhere', must be somewhere")


@dataclass(frozen=True, slots=True)
class Config:
    share: float = field(default=0.5, metadata=setting("Is a share.", minimum=0, maximum=1))
    dry_run: bool = field(default=False, metadata=setting("Says whether nothing happens."))
    data_dir: Path = field(default=Path("run"), metadata=setting("Is where the data are."))
    spool_dir: Path | None = field(default=None, metadata=setting("Is where the spool is."))
    interval: timedelta = field(default=timedelta(seconds=1.5), metadata=setting("Is a pause.", minimum=0))
    origins: tuple[str, ...] = field(default=("a", "b"), metadata=setting("Are allowed."))
    level: str = field(default="INFO", metadata=setting("Is a level.", choices=("INFO", "ERROR")))
    mode: Mode = field(default=Mode.SAFE, metadata=setting("Is a mode."))
    token: Secret | None = field(default=None, metadata=setting("Is a token."))
    database_url: Secret | None = field(default=None, metadata=setting("Is the store.", variable="DATABASE_URL"))
    server: Listener = field(default=Listener(address="127.0.0.1:50051"))


def load(**environ: str) -> Config:
    return config.load(Config, "BANDIT_", environ=environ)


def problems(**environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        load(**environ)
    return raised.value.problems


def test_load_when_nothing_is_given_then_returns_the_defaults() -> None:
    assert load(PATH="/bin", OTHER_SHARE="x") == Config()


def test_load_when_all_is_given_then_reads_every_type() -> None:
    loaded = load(
        BANDIT_SHARE="0.25",
        BANDIT_DRY_RUN="true",
        BANDIT_DATA_DIR="/data",
        BANDIT_SPOOL_DIR="/spool",
        BANDIT_INTERVAL="0.5",
        BANDIT_ORIGINS="x, y,",
        BANDIT_LEVEL="ERROR",
        BANDIT_MODE="bold",
        BANDIT_TOKEN="hush",
        DATABASE_URL="postgresql://db",
        BANDIT_SERVER_BACKLOG="9",
    )

    assert loaded == Config(
        share=0.25,
        dry_run=True,
        data_dir=Path("/data"),
        spool_dir=Path("/spool"),
        interval=timedelta(milliseconds=500),
        origins=("x", "y"),
        level="ERROR",
        mode=Mode.BOLD,
        token=Secret("hush"),
        database_url=Secret("postgresql://db"),
        server=Listener(address="127.0.0.1:50051", backlog=9),
    )


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("BANDIT_SHARE", "1.01", "must be >= 0 and <= 1"),
        ("BANDIT_SHARE", "-0.1", "must be >= 0 and <= 1"),
        ("BANDIT_SHARE", "nan", "must be a finite number"),
        ("BANDIT_SHARE", "", "must be a finite number"),
        ("BANDIT_DRY_RUN", "maybe", "must be true or false"),
        ("BANDIT_SERVER_BACKLOG", "8.5", "must be a whole number"),
        ("BANDIT_INTERVAL", "-1", "must be >= 0"),
        ("BANDIT_INTERVAL", "1e300", "must be at most 999999999 days, in seconds"),
        ("BANDIT_LEVEL", "LOUD", "must be one of INFO, ERROR"),
        ("BANDIT_MODE", "odd", "must be one of safe, bold"),
        ("BANDIT_SPOOL_DIR", "", "must be a path"),
    ],
)
def test_load_when_a_value_is_bad_then_says_which_and_why(name: str, text: str, complaint: str) -> None:
    assert problems(**{name: text}) == (f"{name} == {text!r}: {complaint}",)


def test_load_when_a_variable_is_unknown_then_suggests_the_nearest() -> None:
    assert problems(BANDIT_SHAER="0.5") == ("BANDIT_SHAER: there is no such variable; is it BANDIT_SHARE?",)


def test_load_when_much_is_wrong_then_names_everything_at_once() -> None:
    found = problems(BANDIT_XYZZY="1", BANDIT_SHARE="2", BANDIT_SERVER_ADDRESS="nowhere")

    assert [problem.split(":")[0] for problem in found] == [
        "BANDIT_XYZZY",
        "BANDIT_SHARE == '2'",
        "address == 'nowhere', must be somewhere",
    ]


def test_load_when_it_fails_then_the_message_has_a_line_for_each_problem() -> None:
    with pytest.raises(ConfigError) as raised:
        load(BANDIT_SHARE="2", BANDIT_DRY_RUN="2")

    assert len(str(raised.value).splitlines()) == 3


def test_secret_when_a_file_is_named_then_comes_from_it_without_its_last_newline(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hush\n")

    assert load(BANDIT_TOKEN_FILE=str(tmp_path / "token")).token == Secret("hush")


def test_secret_when_given_twice_then_is_refused(tmp_path: Path) -> None:
    assert problems(BANDIT_TOKEN="hush", BANDIT_TOKEN_FILE="x") == (
        "BANDIT_TOKEN: give it or BANDIT_TOKEN_FILE, not both",
    )


def test_secret_when_its_file_is_missing_then_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "absent")

    assert problems(BANDIT_TOKEN_FILE=path) == (f"BANDIT_TOKEN_FILE == {path!r}: cannot be read (FileNotFoundError)",)


def test_file_variable_when_the_setting_is_no_secret_then_is_unknown() -> None:
    assert problems(BANDIT_SHARE_FILE="x")[0].startswith("BANDIT_SHARE_FILE: there is no such variable")


def test_secret_when_shown_then_is_hidden() -> None:
    assert "hush" not in f"{Secret('hush')} {Secret('hush')!r} {load(BANDIT_TOKEN='hush')}"


def test_load_when_no_environ_is_given_then_reads_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANDIT_SHARE", "0.75")

    assert config.load(Config, "BANDIT_").share == 0.75


def test_describe_when_asked_then_has_a_row_for_each_variable() -> None:
    rows = {row.variable: row for row in config.describe(Config, "BANDIT_")}

    assert rows["BANDIT_INTERVAL"] == config.Row(
        "BANDIT_INTERVAL", "timedelta", "1.5", "seconds", ">= 0", "Is a pause."
    )
    assert rows["BANDIT_SERVER_BACKLOG"].allowed == ">= 1 and <= 64"
    assert rows["BANDIT_SERVER_ADDRESS"].default == "127.0.0.1:50051"
    assert rows["BANDIT_MODE"].allowed == "safe, bold"
    assert rows["BANDIT_ORIGINS"].kind == "tuple"
    assert rows["DATABASE_URL"].default == ""
    assert len(rows) == 12

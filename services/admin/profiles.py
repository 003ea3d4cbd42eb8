"""Profiles: the named places that the command can call, in `expctl/config.toml` of the user's configuration."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from services.admin.secret_file import write_secret
from shared.config import ConfigError, Secret

FILE_NAME: Final = "config.toml"
_TOKENS: Final = "tokens"
_PATHS: Final = frozenset({"token_file", "ca", "certificate", "key"})


@dataclass(frozen=True, slots=True)
class Profile:
    """Names the services of one installation and how they are called.

    Attributes:
        review: Where review answers, host:port; empty: not known.
        bandit: Where the bandit answers.
        ai: Where the AI service answers.
        gateway: Where the gateway answers.
        token_file: Holds the token. None: `tokens/<profile>` beside config.toml, if there is one.
        tls: Calls go over TLS, with whom the machine trusts; a `ca` or `certificate` says so, too.
        ca: Who must have signed the servers' certificates (PEM).
        certificate: The client's own certificate chain (PEM), for mutual TLS.
        key: Its private key (PEM).
        plaintext: Lets the token be sent without TLS to another machine.
    """

    review: str = ""
    bandit: str = ""
    ai: str = ""
    gateway: str = ""
    token_file: Path | None = None
    tls: bool = False
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    plaintext: bool = False

    @property
    def is_secure(self) -> bool:
        """Says whether calls go over TLS."""
        return self.tls or self.ca is not None or self.certificate is not None


class ProfileBook:
    """Is the profiles of one user, below a directory that need not be there."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME
        self._directory = directory

    def read(self, name: str) -> Profile:
        """Returns a profile; relative paths in it start at the file's directory.

        Raises:
            ConfigError: There is none of this name, or the file is not usable.
        """
        tables = self._tables()
        if name not in tables:
            known = ", ".join(sorted(tables)) or "there are none yet; `expctl login --profile NAME` makes one"
            raise ConfigError([f"{self.path}: no profile {name!r} (known: {known})"])
        return self._profile(name, tables[name])

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the profiles, sorted.

        Raises:
            ConfigError: The file is not usable.
        """
        return tuple(sorted(self._tables()))

    def default(self) -> str:
        """Returns the profile that is used where none is named; empty: the local stack.

        Raises:
            ConfigError: The file is not usable.
        """
        found = self._document().get("default", "")
        if not isinstance(found, str):
            raise ConfigError([f"{self.path}: default must be a profile's name"])
        return found

    def token(self, name: str, profile: Profile) -> Secret | None:
        """Returns the profile's token; None where there is none.

        Raises:
            ConfigError: Its file cannot be read.
        """
        path = self.token_path(name, profile)
        if profile.token_file is None and not path.exists():
            return None
        try:
            return Secret(path.read_text(encoding="utf-8").strip())
        except (OSError, ValueError) as error:
            raise ConfigError([f"{path}: the token cannot be read ({error})"]) from error

    def token_path(self, name: str, profile: Profile) -> Path:
        """Returns where the profile's token is, or would be."""
        return profile.token_file or self._directory / _TOKENS / name

    def add(self, name: str, settings: Mapping[str, str | bool]) -> None:
        """Adds a profile at the end of the file; what stands there stays as it is.

        Raises:
            OSError: The file cannot be written.
        """
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lines = [f"[profiles.{name}]", *(f"{key} = {_toml(value)}" for key, value in settings.items())]
        gap = "\n" if self.path.exists() and self.path.stat().st_size else ""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(gap + "\n".join(lines) + "\n")

    def save_token(self, name: str, profile: Profile, token: Secret) -> Path:
        """Keeps a token where only the user can read it, and returns where that is.

        Raises:
            OSError: The file cannot be written.
        """
        path = self.token_path(name, profile)
        write_secret(path, token.value + "\n")
        return path

    def _document(self) -> Mapping[str, Any]:
        try:
            return tomllib.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ConfigError([f"{self.path}: {error}"]) from error

    def _tables(self) -> Mapping[str, Any]:
        found = self._document().get("profiles", {})
        if not isinstance(found, dict):
            raise ConfigError([f"{self.path}: profiles must be tables, such as [profiles.staging]"])
        return found

    def _profile(self, name: str, table: Any) -> Profile:
        kinds: Mapping[str, type] = {field.name: type(field.default) for field in fields(Profile)}
        values: dict[str, Any] = {}
        problems = []
        for key, value in table.items() if isinstance(table, dict) else [("", table)]:
            wanted = str if key in _PATHS else kinds.get(key)
            if wanted is None:
                problems.append(f"{self.path}: profiles.{name}.{key}: there is no such setting")
            elif not isinstance(value, wanted):
                problems.append(f"{self.path}: profiles.{name}.{key}: must be a {wanted.__name__}")
            else:
                values[key] = self._directory / Path(str(value)).expanduser() if key in _PATHS else value
        if problems:
            raise ConfigError(problems)
        return Profile(**values)


def _toml(value: str | bool) -> str:  # noqa: FBT001 - a value
    if isinstance(value, bool):
        return str(value).lower()
    escaped = "".join(f"\\u{ord(each):04x}" if ord(each) < 32 or each in '"\\\x7f' else each for each in value)
    return f'"{escaped}"'

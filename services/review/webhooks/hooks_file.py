"""Reads who listens: the file that names the webhooks of each audience, in TOML or JSON.

[[default]]
url = "https://hooks.example.com/experiments"
secret_file = "secrets/default"

[[growth]]
url = "https://hooks.slack.com/services/..."
format = "slack"
"""

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from services.review.webhooks import signing
from services.review.webhooks.hook import Hook, HookFormat, require_header, require_url
from shared.config import ConfigError

Audiences = Mapping[str, tuple[Hook, ...]]

_Value = TypeVar("_Value")

_FIELDS: Final = frozenset({"url", "format", "secret", "secret_file", "headers"})


def read(path: Path) -> Audiences:
    """Returns the webhooks of each audience.

    Args:
        path: Ends in .toml or .json; files that it names are looked for from its directory.

    Raises:
        ConfigError: It cannot be read, or some of it is not usable; no secret is repeated.
    """
    document = _document(path)
    problems: list[str] = []
    audiences = {
        audience: tuple(_hooks(entries, f"{path.name}: {audience}", path.parent, problems))
        for audience, entries in document.items()
    }
    if problems:
        raise ConfigError(problems)
    return audiences


def _document(path: Path) -> Mapping[str, Any]:
    """Returns what the file says (any: nobody has looked at it yet)."""
    parse: Callable[[str], Any] = tomllib.loads if path.suffix == ".toml" else json.loads
    try:
        document = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        # Their messages may repeat a line, and that a secret.
        raise ConfigError([f"{path}: cannot be read ({type(error).__name__})"]) from None
    if not isinstance(document, dict):
        raise ConfigError([f"{path}: must map audiences to lists of webhooks"])
    return document


class _UnusableError(Exception):
    """Says where in a webhook something is wrong, and what."""


def _hooks(entries: Any, place: str, directory: Path, problems: list[str]) -> Iterator[Hook]:
    if not isinstance(entries, list):
        problems.append(f"{place}: must be a list of webhooks")
        return
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        try:
            hook = _hook(entry, directory)
        except _UnusableError as error:
            problems.append(f"{place}[{number}]{error}")
            continue
        if hook.webhook_id in seen:
            problems.append(f"{place}[{number}].url: is that of another one of this audience")
        seen.add(hook.webhook_id)
        yield hook


def _hook(entry: Any, directory: Path) -> Hook:
    if not isinstance(entry, dict) or not entry.keys() <= _FIELDS or "url" not in entry:
        raise _UnusableError(f": must have a url, and of {', '.join(sorted(_FIELDS))} nothing else")
    hook = Hook(
        _text(entry["url"], "url", require_url),
        _text(entry.get("format", HookFormat.JSON), "format", _format),
        tuple(_keys(entry, directory)),
        _headers(entry.get("headers", {})),
    )
    if hook.format is HookFormat.JSON and not hook.keys:
        raise _UnusableError(".secret: must be given, or secret_file, where the format is json")
    return hook


def _text(value: Any, name: str, read_text: Callable[[str], _Value]) -> _Value:
    if not isinstance(value, str):
        raise _UnusableError(f".{name}: must be a text")
    try:
        return read_text(value)
    except ValueError as error:
        raise _UnusableError(f".{name}: {error}") from None


def _format(text: str) -> HookFormat:
    if text not in tuple(HookFormat):
        raise ValueError(f"must be one of {', '.join(HookFormat)}")
    return HookFormat(text)


def _keys(entry: Mapping[str, Any], directory: Path) -> list[bytes]:
    """Returns the keys; several, in a list or on lines of their own, while one takes the place of another."""
    given = entry.get("secret", [])
    if "secret_file" in entry:
        if given:
            raise _UnusableError(".secret: give it or secret_file, not both")
        given = _text(entry["secret_file"], "secret_file", lambda name: _secrets_of(directory / name))
    listed = given if isinstance(given, list) else [given]
    return [_text(secret, "secret", signing.key_of) for secret in listed]


def _secrets_of(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split()
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read ({type(error).__name__})") from None


def _headers(given: Any) -> Mapping[str, str]:
    if not isinstance(given, dict):
        raise _UnusableError(".headers: must map names to values")
    return dict(_text(value, f"headers.{name}", partial(require_header, name)) for name, value in given.items())

"""The file of webhooks: what it may say, and what is refused, without a word of its secrets."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.review.webhooks import hooks_file
from services.review.webhooks.hook import Hook, HookFormat
from services.review.webhooks.signing import key_of
from shared.config import ConfigError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
URL = "https://hooks.example.com/x?token=hidden"


def _written(tmp_path: Path, document: Any, name: str = "webhooks.json") -> Path:
    path = tmp_path / name
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def _problems(tmp_path: Path, document: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        hooks_file.read(_written(tmp_path, document))
    shown = str(caught.value)
    assert "hidden" not in shown
    assert "MfKQ" not in shown
    return caught.value.problems


def test_read_when_it_is_toml_then_the_webhooks_of_each_audience(tmp_path: Path) -> None:
    (tmp_path / "growth-secret").write_text(f"{OTHER}\n{SECRET}\n", encoding="utf-8")
    text = f"""
        [[default]]
        url = "{URL}"
        secret = "{SECRET}"
        headers = {{ Authorization = "Bearer hidden" }}

        [[growth]]
        url = "http://localhost:9000/hook"
        secret_file = "growth-secret"

        [[growth]]
        url = "https://hooks.slack.com/services/T/B/hidden"
        format = "slack"
    """

    audiences = hooks_file.read(_written(tmp_path, text, "webhooks.toml"))

    assert audiences == {
        "default": (Hook(URL, HookFormat.JSON, (key_of(SECRET),), {"Authorization": "Bearer hidden"}),),
        "growth": (
            Hook("http://localhost:9000/hook", HookFormat.JSON, (key_of(OTHER), key_of(SECRET))),
            Hook("https://hooks.slack.com/services/T/B/hidden", HookFormat.SLACK),
        ),
    }


def test_read_when_it_is_json_then_the_same(tmp_path: Path) -> None:
    audiences = hooks_file.read(_written(tmp_path, {"default": [{"url": URL, "secret": [SECRET, OTHER]}], "quiet": []}))

    assert audiences == {"default": (Hook(URL, keys=(key_of(SECRET), key_of(OTHER))),), "quiet": ()}


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/hidden",
        "http://10.0.0.1/hidden",
        "http://127.0.0.1.example.com/hidden",
        "ftp://localhost/hidden",
        "https://ann:hidden@example.com/",
        "https://example.com/#hidden",
        "https:///hidden",
        "hidden",
        "https://example.com:port/hidden",
        "https://exa mple.com/hidden",
        "https://example.com/\nhidden",
        7,
    ],
)
def test_read_when_a_url_is_not_safe_then_refused(tmp_path: Path, url: object) -> None:
    (problem,) = _problems(tmp_path, {"default": [{"url": url, "secret": SECRET}]})

    assert problem.startswith("webhooks.json: default[0].url: must")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3:80", "[::1]:8080"])
def test_read_when_http_goes_to_this_machine_then_allowed(tmp_path: Path, host: str) -> None:
    assert hooks_file.read(_written(tmp_path, {"default": [{"url": f"http://{host}/x", "secret": SECRET}]}))


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ({"url": URL}, "secret"),
        ({"url": URL, "secret": []}, "secret"),
        ({"url": URL, "secret": "hidden"}, "secret"),
        ({"url": URL, "secret": [SECRET, 3]}, "secret"),
        ({"url": URL, "secret": {"a": "hidden"}}, "secret"),
        ({"url": URL, "secret": SECRET, "secret_file": "x"}, "secret"),
        ({"url": URL, "secret_file": "nowhere"}, "secret_file"),
        ({"url": URL, "secret": SECRET, "format": "xml"}, "format"),
        ({"url": URL, "secret": SECRET, "format": None}, "format"),
        ({"url": URL, "secret": SECRET, "headers": []}, "headers"),
        ({"url": URL, "secret": SECRET, "headers": {"X-A": 3}}, "headers.X-A"),
        ({"url": URL, "secret": SECRET, "headers": {"X A": "hidden"}}, "headers.X A"),
        ({"url": URL, "secret": SECRET, "headers": {"X-A": "hidden\r\nX-B: x"}}, "headers.X-A"),
        ({"url": URL, "secret": SECRET, "headers": {"X-A": "hiddén"}}, "headers.X-A"),
        ({"url": URL, "secret": SECRET, "headers": {"Webhook-Id": "hidden"}}, "headers.Webhook-Id"),
        ({"url": URL, "secret": SECRET, "headers": {"Host": "hidden"}}, "headers.Host"),
    ],
)
def test_read_when_a_field_is_not_usable_then_it_is_named(tmp_path: Path, entry: object, place: str) -> None:
    (problem,) = _problems(tmp_path, {"default": [entry]})

    assert problem.startswith(f"webhooks.json: default[0].{place}: ")


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([], "must map audiences"),
        ({"default": {}}, "default: must be a list"),
        ({"default": ["hidden"]}, "default[0]: must have a url"),
        ({"default": [{"secret": SECRET}]}, "default[0]: must have a url"),
        ({"default": [{"url": URL, "secret": SECRET, "sekret": "x"}]}, "default[0]: must have a url"),
        ({"default": [{"url": URL, "format": "slack"}] * 2}, "default[1].url: is that of another"),
        ("{hidden", "cannot be read (JSONDecodeError)"),
    ],
)
def test_read_when_its_form_is_wrong_then_it_says_where(tmp_path: Path, document: object, place: str) -> None:
    (problem,) = _problems(tmp_path, document)

    assert place in problem


def test_read_when_several_things_are_wrong_then_it_says_all(tmp_path: Path) -> None:
    wrong = {"url": "http://example.com/hidden", "secret": SECRET}

    assert len(_problems(tmp_path, {"default": [wrong, {"url": URL}], "growth": [wrong]})) == 3


def test_read_when_there_is_no_file_then_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="FileNotFoundError"):
        hooks_file.read(tmp_path / "webhooks.toml")


def test_hook_when_printed_then_no_secret_shows() -> None:
    shown = repr(Hook(URL, keys=(key_of(SECRET),), headers={"Authorization": "Bearer hidden"}))

    assert "hidden" not in shown
    assert repr(key_of(SECRET)) not in shown


def test_webhook_id_when_only_the_secret_changes_then_it_stays() -> None:
    assert Hook(URL, keys=(key_of(SECRET),)).webhook_id == Hook(URL, keys=(key_of(OTHER),)).webhook_id
    assert Hook(URL).webhook_id != Hook(f"{URL}2").webhook_id

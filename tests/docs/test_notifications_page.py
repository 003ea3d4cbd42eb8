"""The section on notifications of docs/review.md says what the code does."""

import json
import re
import tomllib
from pathlib import Path

from services.review.domain.notices import NoticeEvent, Occurrence, notices_for
from services.review.domain.redelivery import ParkedFor
from services.review.webhooks import hooks_file, json_message
from services.review.webhooks.hook import HookFormat
from tests.review.examples import NOW
from tests.review.notices import SUBJECT

PAGE = (Path(__file__).parents[2] / "docs/review.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## Notifications\n")[2].partition("\n## ")[0]


def _block(language: str) -> str:
    (block,) = re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)
    return str(block)


def test_events_when_compared_with_the_code_then_all_are_there() -> None:
    assert re.findall(r"^\| `(change_request\.\w+)` \|", SECTION, re.MULTILINE) == list(NoticeEvent)


def test_file_when_read_by_the_code_then_it_is_usable(tmp_path: Path) -> None:
    (secret,) = set(re.findall(r"whsec_\w{32}", SECTION))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/default").write_text(secret, encoding="utf-8")
    path = tmp_path / "webhooks.toml"
    path.write_text(_block("toml"), encoding="utf-8")

    audiences = hooks_file.read(path)

    assert {name: len(hooks) for name, hooks in audiences.items()} == {"default": 1, "payments": 2}
    fields = {field for hooks in tomllib.loads(_block("toml")).values() for hook in hooks for field in hook}
    assert all(f"`{field}`" in SECTION for field in fields | set(HookFormat))


def test_message_when_compared_with_the_code_then_it_has_the_same_fields() -> None:
    shown = json.loads(_block("json"))
    (told,) = notices_for(Occurrence(NoticeEvent.REJECTED, NOW), SUBJECT)
    sent = json.loads(json_message.body(told, ""))

    assert list(shown) == list(sent)
    assert list(shown["data"]) == list(sent["data"])


def test_reasons_when_compared_with_the_code_then_all_are_there() -> None:
    assert all(f"`{reason}`" in SECTION for reason in ParkedFor)

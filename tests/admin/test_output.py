"""What a command writes that is no table."""

import json

import pytest

from services.admin.formats import Format
from services.admin.output import Output

LINK = "http://127.0.0.1:18080/[bold]/sign-in?code=" + "x" * 300


def test_value_when_it_is_piped_then_one_line_however_long(capsys: pytest.CaptureFixture[str]) -> None:
    Output(Format.TABLE).value("link", LINK)

    assert capsys.readouterr().out == f"{LINK}\n"


def test_value_when_for_machines_then_under_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    Output(Format.JSON).value("link", LINK)

    assert json.loads(capsys.readouterr().out) == {"link": LINK}

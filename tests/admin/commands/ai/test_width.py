"""What the AI commands show in a real terminal of 80 columns: nothing is wider, and ids can be copied."""

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.admin.commands.ai.files import PLAN, analysed, recommended, suggested, written
from tests.admin.conftest import Expctl
from tests.admin.several_lines import END
from tests.admin.terminal import Terminal

COLUMNS = 80


@pytest.fixture
def looking(expctl: Expctl, tmp_path: Path) -> dict[str, list[list[str]]]:
    """The command lines that show what was made, by the ids that each has to show whole."""
    hypotheses = [each["hypothesis_id"] for each in suggested(expctl)]
    design, analysis = recommended(expctl, tmp_path)["design_id"], analysed(expctl, tmp_path)["analysis_id"]
    job = expctl("-o", "json", "analysis", "show", analysis).json["job_id"]
    plan = written(tmp_path, PLAN.replace("14d", "3d"), "plan.yaml")
    return {
        hypotheses[0]: [["hypothesis", "list"], ["hypothesis", "show", hypotheses[0]]],
        design: [["design", "list"], ["design", "show", design]],
        analysis: [["analysis", "list"]],
        job: [["job", "list"], ["job", "show", job]],
        "": [
            ["analysis", "show", analysis],
            ["analysis", "evidence", analysis],
            ["analysis", "sent", analysis],
            ["design", "validate", "-f", str(plan)],
            ["ai", "check"],
            ["ai", "effectiveness"],
        ],
    }


def test_output_when_the_terminal_has_80_columns_then_no_line_is_wider_and_ids_are_whole(
    expctl: Expctl, looking: dict[str, list[list[str]]]
) -> None:
    place = ["--directory", str(expctl.directory), "--ai-address", expctl.ai_address]
    lines = [json.dumps([*place, *words]) for group in looking.values() for words in group]

    with Terminal(["-m", "tests.admin.several_lines", *lines], columns=COLUMNS) as terminal:
        assert terminal.end() == 0

    codes = [int(line.split()[-1]) for line in terminal.lines if line.startswith(END)]
    assert codes == [0] * 10 + [1, 1, 0]
    assert [line for line in terminal.lines if cell_len(line.rstrip()) > COLUMNS] == []
    assert {name: terminal.text.count(name) >= len(group) for name, group in looking.items()} == dict.fromkeys(
        looking, True
    )
    assert "Traceback" not in terminal.text

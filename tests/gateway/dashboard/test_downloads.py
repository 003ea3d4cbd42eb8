"""Charts as files: their numbers, and pictures that carry their own colours."""

import csv
import io
from xml.etree import ElementTree as ET

import pytest

from experimentation.v1 import analysis_service_pb2
from tests.gateway.dashboard import examples
from tests.gateway.dashboard.canned import Canned
from tests.gateway.dashboard.paths import BANDIT, DESIGN, EXPERIMENT
from tests.gateway.dashboard.visitor import Visitor


def test_the_numbers_of_a_chart_are_in_full(rob: Visitor) -> None:
    answer = rob.see(f"{EXPERIMENT}?scale=absolute&download=estimate-series.csv")

    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 2 * examples.DAYS
    last = next(row for row in reversed(rows) if row["arm"] == "Green")
    newest = next(one for one in examples.analysis().comparisons if one.arm_id == "green")
    assert float(last["estimate"]) == newest.answer.difference.estimate


@pytest.mark.parametrize(
    ("page", "name"),
    [(EXPERIMENT, "estimate-series"), (BANDIT, "weights"), (BANDIT, "posterior"), (DESIGN, "detectable-effect")],
)
def test_a_picture_stands_alone(rob: Visitor, page: str, name: str) -> None:
    answer = rob.see(f"{page}?download={name}.svg")

    root = ET.fromstring(answer.content)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "--c1" in str(root.findtext("{http://www.w3.org/2000/svg}style"))
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.svg"'


@pytest.mark.parametrize("wanted", ["nothing.svg", "weights.exe", "weights", "../secret.csv"])
def test_there_is_no_other_file(rob: Visitor, wanted: str) -> None:
    assert rob.client.get(BANDIT, params={"download": wanted}).status_code == 404


@pytest.mark.parametrize("text", ["=cmd", "+1", "-1", "@a", "\t=a", "\n=a", " =a", "\uff1da"])
def test_a_cell_that_a_spreadsheet_would_run_is_a_text(rob: Visitor, canned: Canned, text: str) -> None:
    hostile = examples.analysis(
        comparisons=[
            one for one in examples.analysis().comparisons if one.metric_id == "bought" and one.arm_id == "green"
        ]
    )
    hostile.comparisons[0].arm_id = text
    canned.answers["ListAnalyses"] = analysis_service_pb2.ListAnalysesResponse(analyses=[hostile])

    rows = list(csv.DictReader(io.StringIO(rob.see(f"{EXPERIMENT}?download=estimate-series.csv").text)))
    assert [row["arm"] for row in rows] == [f"'{text}"]

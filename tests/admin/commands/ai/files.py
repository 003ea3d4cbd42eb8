"""The files that the tests of the AI commands write, and what they ask for with them."""

from pathlib import Path
from typing import Any

from tests.admin.conftest import Expctl

SAMPLES = Path(__file__).resolve().parents[4] / "docs" / "examples"
METRICS = SAMPLES / "metrics.yaml"

DESIGN = """\
description: A shorter form makes more visitors sign up, as there is less to fill in.
metrics:
  - {metric_id: signup, kind: proportion, role: primary, baseline: 0.1, unit_count: 50000}
traffic: {units_per_day: 20000}
relative_mde: 0.05
"""

PLAN = """\
plan:
  primary_metric_id: signup
  arm_shares: [0.5, 0.5]
  units_per_arm: [60000, 60000]
  duration: 14d
  relative_mde: 0.05
metrics:
  - {metric_id: signup, kind: proportion, role: primary, baseline: 0.1, unit_count: 50000}
traffic: {units_per_day: 20000}
"""

AGGREGATES = """\
aggregates:
  metrics:
    - {metric_id: signup, kind: proportion, role: primary}
  arms:
    - arm_id: control
      control: true
      unit_count: 10000
      sums: [{metric_id: signup, value_sum: 1000}]
    - arm_id: short
      unit_count: 10000
      sums: [{metric_id: signup, value_sum: 1250}]
plan: {units_per_arm: 5000, relative_mde: 0.2}
"""


def written(directory: Path, content: str, name: str = "request.yaml") -> Path:
    """Returns the file with the content."""
    path = directory / name
    path.write_text(content)
    return path


def suggested(expctl: Expctl) -> list[Any]:
    """Returns the hypotheses that the sample in the docs bears, best first."""
    ended = expctl("-o", "json", "hypothesis", "suggest", "-f", METRICS)
    assert (ended.code, ended.err) == (0, "")
    found: list[Any] = ended.json["items"]
    return found


def recommended(expctl: Expctl, directory: Path, content: str = DESIGN) -> Any:
    """Returns the design that a file asks for."""
    ended = expctl("-o", "json", "design", "recommend", "-f", written(directory, content))
    assert (ended.code, ended.err) == (0, "")
    return ended.json


def analysed(expctl: Expctl, directory: Path, experiment_id: str = "form") -> Any:
    """Returns an analysis of a test in which the shorter form is better."""
    ended = expctl("-o", "json", "analysis", "run", experiment_id, "-f", written(directory, AGGREGATES))
    assert (ended.code, ended.err) == (0, "")
    return ended.json

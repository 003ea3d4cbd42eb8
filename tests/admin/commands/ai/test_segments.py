"""Segments in `analysis show`: each with its effect, said to decide nothing; whole in a terminal of 80 columns."""

from pathlib import Path

from tests.admin.commands.ai.files import AGGREGATES, written
from tests.admin.conftest import Expctl

SEGMENTS = """\
  segments:
    - segment: device=mobile
      arms:
        - {arm_id: control, unit_count: 4000, sums: [{metric_id: signup, value_sum: 400}]}
        - {arm_id: short, unit_count: 4000, sums: [{metric_id: signup, value_sum: 610}]}
    - segment: device=watch
      arms:
        - {arm_id: control, unit_count: 20, sums: [{metric_id: signup, value_sum: 2}]}
plan:"""


def test_run_when_there_are_segments_then_each_is_shown_and_said_to_decide_nothing(
    expctl: Expctl, tmp_path: Path
) -> None:
    ended = expctl("analysis", "run", "parted", "-f", written(tmp_path, AGGREGATES.replace("plan:", SEGMENTS)))

    words = " ".join(ended.out.split())
    assert ended.code == 0
    assert "In parts of the units, for learning: nothing is decided by these." in words
    assert "device=mobile short 4000 +52.5%" in words
    assert "better" in words.partition("device=mobile")[2]
    assert "insufficient data" in words.partition("device=watch")[2]


def test_run_when_a_segment_has_more_than_the_whole_then_2_and_names_the_line(expctl: Expctl, tmp_path: Path) -> None:
    text = AGGREGATES.replace("plan:", SEGMENTS).replace(
        "unit_count: 4000, sums: [{metric_id: signup, value_sum: 610}]", "unit_count: 10001"
    )

    ended = expctl("analysis", "run", "parted", "-f", written(tmp_path, text))

    assert (ended.code, ended.out) == (2, "")
    assert "aggregates.segments[0].arms[1].unit_count: 10001" in ended.err

"""What came of the units in the analysis split, for people."""

import math
from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from experimentation.v1 import bandit_service_pb2 as pb
from services.admin import tables
from services.admin.words import NOTHING, plural


def drawings(results: pb.AnalysisResults) -> Iterator[RenderableType]:
    """Yields a row per arm, and how many units are in no row; nothing where there is no split."""
    if not results.arms:
        return
    yield Text("Analysis split, which nothing is learned from:")
    yield _table(results)
    if results.left_out_unit_count:
        yield Text(f"left out: {plural(results.left_out_unit_count, 'unit')} of other proportions, or of arms now gone")


def _table(results: pb.AnalysisResults) -> Table:
    titles = ("units", "mean", "standard error", "share")
    rows = tables.rows("arm", *titles, right=titles)
    for arm in results.arms:
        mean = f"{arm.mean:.4g}" if arm.HasField("mean") else NOTHING
        rows.add_row(Text(arm.arm_id), f"{arm.unit_count:,}", mean, _standard_error(arm), f"{arm.weight:.1%}")
    return rows


def _standard_error(arm: pb.AnalysisArm) -> str:
    if arm.unit_count < 2:
        return NOTHING
    return f"{math.sqrt(arm.square_deviation_sum / (arm.unit_count - 1) / arm.unit_count):.3g}"

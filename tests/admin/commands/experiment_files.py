"""Files of experiments that tests of the commands share."""

from pathlib import Path

CHECKOUT = """\
experiment_id: checkout
arms:
  - {arm_id: grey, control: true}
  - {arm_id: green}
metrics:
  - {metric_id: bought, kind: proportion, role: primary}
"""


def written(directory: Path, content: str = CHECKOUT, name: str = "experiment.yaml") -> Path:
    """Returns the path of a new file."""
    path = directory / name
    path.write_text(content, encoding="utf-8")
    return path

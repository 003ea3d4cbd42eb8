"""The scenarios of which coverage and width are published for other methods (effects in standard deviations)."""

from typing import Final

from tests.shared.statistics.adaptive.bandits import Scenario

NULL_2: Final = Scenario((0.0, 0.0), 25, 200, 0.01)
NULL_3: Final = Scenario((0.0, 0.0, 0.0), 14, 1000, 0.01)
EFFECT: Final = Scenario((0.0, 0.1, 0.0), 14, 1000, 0.01)
FLOOR_10: Final = Scenario((0.0, 0.0, 0.0), 14, 1000, 0.1)
DRIFT: Final = Scenario((0.0, 0.0, 0.0), 14, 1000, 0.01, drift=0.5)

"""Means and ratios where whole clusters were randomised: shops, teams, days; or users whose sessions are analysed.

A cluster counts once, with its totals: the mean of its units' values is a ratio of two totals' means, so that the delta
method for ratios is the cluster-robust (sandwich) variance of one arm (Liang and Zeger 1986; Deng, Knoblich and Lu
2018, section 3). With Y and M the totals of clusters, R their ratio and G the effective number of clusters,

    G / (G - 1)  sum (Y - R M)^2 / (sum M)^2     on G - 1 degrees of freedom,     G = (sum M)^2 / sum M^2

Clusters of one size make G their number and the factor that of CR1 (Cameron and Miller 2015, section II). Where sizes
differ, CR1 is too small and its t too sure: big clusters carry the error and are few. G is Carter, Schnepel and
Steigerwald's (2017) number for units of a cluster that vary as one, the worst case.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from shared.statistics.aggregates.moments import Moments
from shared.statistics.estimates.arms import ArmEstimates
from shared.statistics.estimates.ratios import ratios
from shared.statistics.result.obstacles import Caution, Obstacle

FEW_CLUSTERS: Final = 40
"""Effective ones, in an arm; Cameron and Miller 2015, section VI, see too short intervals with 20 to 50."""


def cluster_ratios(totals: Moments) -> ArmEstimates:
    """Returns the ratios of two totals with cluster-robust variances; the unit counts are those of clusters.

    Args:
        totals: Of clusters, each with its totals of numerator and denominator, in this order.

    Raises:
        InvalidArgument: INVALID_FIELD: the moments are not of two variables.
    """
    found = ratios(totals)
    count = np.maximum(totals.count, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        effective = count / (1 + totals.products[..., 1, 1] / count / totals.mean[..., 1] ** 2)
    enough = effective >= 2
    freedom = np.where(enough, effective - 1, 1.0)
    # What `ratios` has is G / (G - 1) with all clusters for G.
    factor = (count - 1) / count * (freedom + 1) / freedom
    obstacle = np.where((found.obstacle == 0) & ~enough, np.int8(Obstacle.TOO_FEW_UNITS), found.obstacle)
    few = ~(effective >= FEW_CLUSTERS) * np.int32(Caution.FEW_CLUSTERS)
    return replace(
        found,
        variance=found.variance * factor,
        degrees_of_freedom=freedom,
        obstacle=obstacle,
        caution=found.caution | few,
    )


def cluster_means(totals: Moments) -> ArmEstimates:
    """Returns the means of units' values with cluster-robust variances; the unit counts are the clusters' sizes.

    Args:
        totals: Of clusters, each with the total of its units' values and the number of its units, in this order.

    Raises:
        InvalidArgument: INVALID_FIELD: the moments are not of two variables.
    """
    return replace(cluster_ratios(totals), unit_count=np.rint(totals.count * totals.mean[..., 1]))

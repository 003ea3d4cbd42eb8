"""Why a number cannot be given, and what to be careful with where it is."""

from enum import IntEnum, IntFlag


class Obstacle(IntEnum):
    """Says why something is not estimable; 0 says that it is. Arrays of them are int8."""

    NONE = 0
    NO_UNITS = 1
    TOO_FEW_UNITS = 2
    ZERO_VARIANCE = 3
    ZERO_CONTROL = 4
    CONTROL_NEAR_ZERO = 5
    ZERO_DENOMINATOR = 6
    COVARIATE_WITHOUT_VARIANCE = 7
    MISSING_PROPENSITY = 8
    ARM_NEVER_ALLOCATED = 9
    TOO_FEW_BATCHES = 10
    EMPTY_STRATUM = 11
    NO_EVENTS = 13
    NOT_STOPPED = 14
    EFFECT_NOT_CLAIMED = 20
    IMPOSSIBLE_VALUE = 21
    NOT_REACHABLE = 22
    FEWER_THAN_TWO_SEGMENTS = 40
    TOO_FEW_DAYS = 41

    @property
    def because(self) -> str:
        """Returns the reason in words that complete "not estimable because ..."."""
        return _BECAUSE[self]


class Caution(IntFlag):
    """Says what weakens an answer; arrays of them are int32."""

    NONE = 0
    FEW_UNITS = 1
    FEW_EVENTS = 2
    SKEWED = 4
    FEW_CLUSTERS = 8
    COVARIATE_WEAK = 16
    COVARIATE_IMBALANCED = 32
    COVARIATE_MISSING = 64
    BATCHES_DROPPED = 128
    HEAVY_WEIGHTS = 256
    TIES = 512
    SPARSE_STRATUM = 1024
    BEFORE_BURN_IN = 2048
    OVERDISPERSED = 4096
    UNEVEN_DENSITY = 8192
    DRIFTING = 65536
    CONTROL_IMPRECISE = 131072
    WEIGHTS_OFF = 262144
    ALPHA_NOT_SHARED = 524288

    @property
    def texts(self) -> tuple[str, ...]:
        """Returns a sentence for each flag that is set."""
        return tuple(_TEXTS[flag] for flag in self)


_BECAUSE = {
    Obstacle.NONE: "nothing stands in the way",
    Obstacle.NO_UNITS: "an arm has no units",
    Obstacle.TOO_FEW_UNITS: "an arm has too few units for the method",
    Obstacle.ZERO_VARIANCE: "all values are alike, so that nothing tells how precise their mean is",
    Obstacle.ZERO_CONTROL: "the control's value is 0, and nothing can be put in relation to 0",
    Obstacle.CONTROL_NEAR_ZERO: "the control's value cannot be told from 0, so that the relative effect has no bounds",
    Obstacle.ZERO_DENOMINATOR: "the denominator's mean is 0 or cannot be told from 0",
    Obstacle.COVARIATE_WITHOUT_VARIANCE: "the covariates have no variance of their own",
    Obstacle.MISSING_PROPENSITY: "some allocations have no logged propensity",
    Obstacle.ARM_NEVER_ALLOCATED: "an arm had no chance of being allocated",
    Obstacle.TOO_FEW_BATCHES: "too few batches hold units of both arms",
    Obstacle.EMPTY_STRATUM: "a stratum has no units in one of the arms",
    Obstacle.NO_EVENTS: "no event was seen in either arm",
    Obstacle.NOT_STOPPED: "the experiment has not stopped: no bound was reached, and looks follow",
    Obstacle.EFFECT_NOT_CLAIMED: "the effect is not one that the plan claims to show",
    Obstacle.IMPOSSIBLE_VALUE: "the effect would give the metric a value that it cannot have",
    Obstacle.NOT_REACHABLE: "the plan's power is out of reach of the units that there are",
    Obstacle.FEWER_THAN_TWO_SEGMENTS: "fewer than two segments have an effect that can be estimated",
    Obstacle.TOO_FEW_DAYS: "there are too few days, or they hold too little",
}

_TEXTS = {
    Caution.FEW_UNITS: "few units: the normal approximation may not hold",
    Caution.FEW_EVENTS: "few events: intervals may cover less often than they say",
    Caution.SKEWED: "the values are skewed: more units are needed for the mean to be nearly normal",
    Caution.FEW_CLUSTERS: "few clusters: intervals may cover less often than they say",
    Caution.COVARIATE_WEAK: "the covariate explains next to nothing",
    Caution.COVARIATE_IMBALANCED: "the covariate differs between the arms, although it comes from before the start",
    Caution.COVARIATE_MISSING: "many units have no covariate",
    Caution.BATCHES_DROPPED: "batches without units of both arms were left out",
    Caution.HEAVY_WEIGHTS: "few units carry most of the weight, since their propensities were small",
    Caution.TIES: "many values are tied at the quantile: its density is not defined",
    Caution.SPARSE_STRATUM: "a stratum has few units in one of the arms",
    Caution.BEFORE_BURN_IN: "too early: the asymptotic sequence is not valid yet",
    Caution.OVERDISPERSED: "counts vary more than Poisson counts do: intervals are too narrow",
    Caution.UNEVEN_DENSITY: "values are denser on one side of the quantile than on the other: its error is not normal",
    Caution.CONTROL_IMPRECISE: "the control is known too loosely for a prior on the lift: chances are off by percents",
    Caution.WEIGHTS_OFF: "importance weights do not average 1: a propensity or target is wrong, or lacks support",
    Caution.ALPHA_NOT_SHARED: "alpha is of each comparison by itself: that any of several errs is likelier",
    Caution.DRIFTING: "the values drifted over time: the mean is one over time, weighted by when the arm was rare",
}

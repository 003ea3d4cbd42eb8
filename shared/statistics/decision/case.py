"""What is true of one treatment now: the facts that its verdict and its reasons follow from."""

from dataclasses import dataclass
from typing import Final

from shared.statistics.decision.evidence import Guardrail, Standing, Treatment
from shared.statistics.decision.rule import DecisionRule, GuardrailNeed, Progress, has_ended
from shared.statistics.decision.verdict import ReasonCode
from shared.statistics.health.finding import Check, Finding, Status
from shared.statistics.result.method import Validity
from shared.statistics.result.obstacles import Caution
from shared.statistics.result.report import Interval

_ADAPTIVE: Final = frozenset({Validity.ADAPTIVE_FIXED_LOOK, Validity.ADAPTIVE_ANY_TIME})
_ANY_TIME: Final = frozenset({Validity.ANY_TIME, Validity.ADAPTIVE_ANY_TIME})
_SAMPLE_RATIOS: Final = frozenset({Check.SAMPLE_RATIO, Check.SEQUENTIAL_SAMPLE_RATIO})


@dataclass(frozen=True, slots=True)
class Case:
    """Holds the evidence on a treatment beside the rule; `health` has the treatment's findings and those of all."""

    treatment: Treatment
    health: tuple[Finding, ...]
    rule: DecisionRule
    progress: Progress

    @property
    def ended(self) -> bool:
        """Says whether the planned end is reached."""
        return has_ended(self.rule, self.progress)

    @property
    def may_end(self) -> bool:
        """Says whether the rule lets the experiment end now, given a result that is valid now."""
        return self.ended or (self.rule.early_stop and self.progress.day_count >= self.rule.minimum_day_count)

    def findings(self, status: Status) -> tuple[Finding, ...]:
        """Returns the health findings of a status."""
        return tuple(finding for finding in self.health if finding.status is status)

    @property
    def sample_ratio_unchecked(self) -> bool:
        """Says whether no sample-ratio check has had an answer."""
        answered = {finding.check for finding in self.health if finding.status is not Status.NOT_ESTIMABLE}
        return not answered & _SAMPLE_RATIOS

    @property
    def too_little_data(self) -> bool:
        """Says whether there is not enough to speak at all."""
        return any(finding.check is Check.MINIMUM_DATA for finding in self.findings(Status.NOT_ESTIMABLE))

    def doubt_about(self, validity: Validity) -> ReasonCode | None:
        """Returns why a method's answer does not hold now; None where it does."""
        if self.progress.adaptive and validity not in _ADAPTIVE:
            return ReasonCode.METHOD_IGNORES_ADAPTATION
        due = validity is Validity.PLANNED_LOOKS and self.progress.at_planned_look
        return None if self.ended or due or validity in _ANY_TIME else ReasonCode.LOOKED_TOO_EARLY

    @property
    def primary_doubt(self) -> ReasonCode | None:
        """Returns why the primary's effect does not count now; None where it does."""
        if not isinstance(self.treatment.primary.effect, Interval):
            return ReasonCode.PRIMARY_NOT_ESTIMABLE
        if Caution.BEFORE_BURN_IN in self.treatment.primary.caution:
            return ReasonCode.BEFORE_BURN_IN
        return self.doubt_about(self.treatment.primary.validity)

    @property
    def cannot_be_judged(self) -> bool:
        """Says whether the end is reached without a sample-ratio check, or without a primary effect by a fit method."""
        unfit = (ReasonCode.PRIMARY_NOT_ESTIMABLE, ReasonCode.METHOD_IGNORES_ADAPTATION)
        return self.ended and (self.sample_ratio_unchecked or self.primary_doubt in unfit)

    @property
    def looks_worse(self) -> bool:
        """Says whether the interval is beyond what is tolerated, whether or not it counts now."""
        effect = self.treatment.primary.effect
        tolerated = self.rule.margin if self.rule.harm_within_margin_tolerated else 0.0
        return isinstance(effect, Interval) and effect.high < -tolerated

    @property
    def looks_good(self) -> bool:
        """Says whether the interval meets the goal, whether or not it counts now."""
        effect = self.treatment.primary.effect
        return isinstance(effect, Interval) and effect.low > -self.rule.margin and not self.looks_worse

    @property
    def looks_indifferent(self) -> bool:
        """Says whether no effect that matters is left in the interval, or waiting is worth nothing to any arm."""
        effect, limit = self.treatment.primary.effect, self.rule.indifference
        inside = isinstance(effect, Interval) and limit is not None and -limit < effect.low and effect.high < limit
        return inside or self.treatment.primary.indifferent

    def regressed(self, *, confirmed: bool) -> tuple[Guardrail, ...]:
        """Returns the guardrails that got worse by more than is tolerated, by a method that holds now or does not."""
        return tuple(
            guardrail
            for guardrail in self.treatment.guardrails
            if self._got_worse(guardrail) and (self.doubt_about(guardrail.validity) is None) is confirmed
        )

    @property
    def guardrails_missing(self) -> tuple[Guardrail, ...]:
        """Returns the guardrails that the rule wants shown and that are not, by a method that holds now."""
        if self.rule.guardrails is GuardrailNeed.NOT_VIOLATED:
            return ()
        return tuple(
            guardrail
            for guardrail in self.treatment.guardrails
            if guardrail.standing is not Standing.SHOWN or self.doubt_about(guardrail.validity)
        )

    @property
    def guardrails_shown(self) -> tuple[Guardrail, ...]:
        """Returns the guardrails that are shown to be within their margins and not to be worse than is tolerated."""
        return tuple(
            guardrail
            for guardrail in self.treatment.guardrails
            if guardrail.standing is Standing.SHOWN
            and not self._got_worse(guardrail)
            and self.doubt_about(guardrail.validity) is None
        )

    def _got_worse(self, guardrail: Guardrail) -> bool:
        within = guardrail.standing is Standing.SHOWN and self.rule.harm_within_margin_tolerated
        return guardrail.standing is Standing.VIOLATED or (guardrail.harm_shown and not within)

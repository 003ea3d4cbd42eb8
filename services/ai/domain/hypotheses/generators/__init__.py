"""The sorts of hypotheses that given data bear, a file for each; none invents a metric or a number."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from services.ai.domain.hypotheses.generators.bottleneck import relieve_bottleneck
from services.ai.domain.hypotheses.generators.guardrail import repair_guardrail
from services.ai.domain.hypotheses.generators.heterogeneity import serve_better_segment, tailor_to_lagging_segment
from services.ai.domain.hypotheses.generators.inconclusive import resolve_inconclusive
from services.ai.domain.hypotheses.generators.loser import invert_loser
from services.ai.domain.hypotheses.generators.unexplored import explore_metric
from services.ai.domain.hypotheses.generators.winner import extend_winner
from services.ai.domain.hypotheses.knowledge import Knowledge
from services.ai.domain.hypotheses.model import Draft

Generator: TypeAlias = Callable[[Knowledge], Iterator[Draft]]

GENERATORS: Final[Mapping[str, Generator]] = {
    "extend_winner": extend_winner,
    "invert_loser": invert_loser,
    "resolve_inconclusive": resolve_inconclusive,
    "serve_better_segment": serve_better_segment,
    "tailor_to_lagging_segment": tailor_to_lagging_segment,
    "relieve_bottleneck": relieve_bottleneck,
    "repair_guardrail": repair_guardrail,
    "explore_metric": explore_metric,
}

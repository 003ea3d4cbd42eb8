"""What a rule is: a function from one claim, or one advice, to its violations."""

from collections.abc import Callable, Iterator

from services.ai.domain.grounding.claims import Claim, Recommendation
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.reading import Reading
from services.ai.domain.grounding.rules.violation import Violation

ClaimRule = Callable[[Claim, Reading, EvidencePack], Iterator[Violation]]
AdviceRule = Callable[[Recommendation, Reading, EvidencePack], Iterator[Violation]]

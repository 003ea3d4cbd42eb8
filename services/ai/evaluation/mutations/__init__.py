"""Ways to make a true answer false, by the rule that is there to find it."""

from typing import Final

from services.ai.evaluation.mutations.advised import ADVISED
from services.ai.evaluation.mutations.figures import FIGURES
from services.ai.evaluation.mutations.mutation import Mutation
from services.ai.evaluation.mutations.typed import TYPED
from services.ai.evaluation.mutations.worded import WORDED

MUTATIONS: Final[tuple[Mutation, ...]] = (*TYPED, *FIGURES, *WORDED, *ADVISED)

__all__ = ["MUTATIONS", "Mutation"]

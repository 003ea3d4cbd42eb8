"""What the AI service needs from the world around it."""

from services.ai.domain.ports.answers import Analyses, Designs, Hypotheses
from services.ai.domain.ports.calls import Calls
from services.ai.domain.ports.experiments import Experiments, Proposer, Warehouse
from services.ai.domain.ports.jobs import Jobs, Kept, Sender
from services.ai.domain.ports.store import AiStore

__all__ = [
    "AiStore",
    "Analyses",
    "Calls",
    "Designs",
    "Experiments",
    "Hypotheses",
    "Jobs",
    "Kept",
    "Proposer",
    "Sender",
    "Warehouse",
]

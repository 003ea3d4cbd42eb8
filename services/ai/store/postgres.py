"""What the AI service owns, in Postgres."""

from sqlalchemy import Engine

from services.ai.store.analyses import PostgresAnalyses
from services.ai.store.calls import PostgresCalls
from services.ai.store.designs import PostgresDesigns
from services.ai.store.hypotheses import PostgresHypotheses
from services.ai.store.jobs import PostgresJobs


class PostgresAiStore:
    """Is `ports.AiStore`: its parts share an engine. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self.jobs = PostgresJobs(engine)
        self.calls = PostgresCalls(engine)
        self.hypotheses = PostgresHypotheses(engine)
        self.designs = PostgresDesigns(engine)
        self.analyses = PostgresAnalyses(engine)

"""Builds the AI service and its workers, and nothing else does: configuration, store, provider, jobs, server."""

from services.ai.main.parts import Parts, build_engine, build_parts
from services.ai.main.process import Ai, main, options
from services.ai.main.server import build_server
from services.ai.main.workforce import build_runner, build_tasks, build_workforce

__all__ = [
    "Ai",
    "Parts",
    "build_engine",
    "build_parts",
    "build_runner",
    "build_server",
    "build_tasks",
    "build_workforce",
    "main",
    "options",
]

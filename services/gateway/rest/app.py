"""The routes of the REST surface."""

from fastapi import APIRouter

from services.gateway.config import Config
from services.gateway.upstream.services import Upstream


def routes(_options: Config, _upstream: Upstream) -> APIRouter:
    """Returns the router of all REST endpoints."""
    return APIRouter()

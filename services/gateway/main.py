"""Builds the gateway process: configuration, services, application, server."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from services.gateway.config import PREFIX, Config
from services.gateway.dashboard import app as dashboard
from services.gateway.door import cors, failures, health, rate_limit
from services.gateway.door.body_limit import BodyLimit
from services.gateway.door.frame import Frame
from services.gateway.door.http_metrics import HttpMetrics
from services.gateway.door.rate_limit import RateLimit
from services.gateway.door.server import HttpServer
from services.gateway.rest import app as rest
from services.gateway.upstream.services import Upstream
from shared import config, errors, ids, log, process, telemetry


class Gateway:
    """Is the gateway process: start it, stop it, once each."""

    def __init__(self, options: Config) -> None:
        self._options = options
        self._registry = telemetry.new_registry()
        self._draining = asyncio.Event()
        self._server = HttpServer(
            build_app(
                options, Upstream(options.upstream), metrics=HttpMetrics(self._registry), draining=self._draining
            ),
            address=options.address,
            certificate=options.tls_certificate,
            key=options.tls_key,
            drain_grace=options.drain_grace,
            head_timeout=options.head_timeout,
            stall_timeout=options.stall_timeout,
            on_drain=self._draining.set,
        )
        self._running = ExitStack()

    def start(self) -> Mapping[str, str]:
        """Returns the addresses that it answers on.

        Raises:
            OSError: An address cannot be listened on, or a TLS file cannot be read.
        """
        with ExitStack() as stack:
            metrics = telemetry.serve_metrics(self._registry, self._options.metrics_address)
            stack.callback(metrics.close)
            address = self._server.start()
            stack.callback(self._server.stop)
            self._running = stack.pop_all()
        return {"http": address, "metrics": metrics.address}

    def stop(self) -> None:
        """Drains and stops; returns when that is done."""
        self._running.close()


def build_app(options: Config, upstream: Upstream, *, metrics: HttpMetrics, draining: asyncio.Event) -> ASGIApp:
    """Returns the application, which opens its channels to the services when it starts to be served."""
    app = FastAPI(lifespan=_serving(upstream), openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    failures.answer_failures(app)
    app.include_router(health.routes(draining))
    app.router.routes.extend(rest.routes(options, upstream, metrics=metrics, draining=draining))
    app.include_router(dashboard.routes(options, upstream))
    limited = RateLimit(
        BodyLimit(app, most_bytes=options.max_body_bytes, seconds=options.body_timeout.total_seconds()),
        buckets=rate_limit.buckets(per_second=options.rate_limit, burst=options.rate_burst),
        free=frozenset({health.LIVE, health.READY}),
    )
    return Frame(
        cors.with_cors(limited, options.cors_origins),
        metrics=metrics,
        new_id=ids.new_id,
        tls=options.tls_certificate is not None or options.behind_tls,
    )


def _serving(upstream: Upstream) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def serving(_app: FastAPI) -> AsyncIterator[None]:
        async with upstream:
            yield

    return serving


def main() -> None:
    """Runs until SIGTERM or SIGINT."""
    log.configure()
    try:
        gateway = Gateway(config.load(Config, PREFIX))
        process.run_until_signalled("gateway", gateway.start, gateway.stop)
    except (config.ConfigError, errors.PlatformError, OSError) as error:
        sys.exit(f"gateway: {error}")

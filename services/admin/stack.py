"""The local stack: Postgres, review, learner, bandit, AI and gateway on this machine, one process each."""

import errno
import os
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Self

from services.admin.child import Child, Environment
from services.admin.claim import claimed
from services.admin.database import EmbeddedDatabase, ExternalDatabase
from services.admin.local_tokens import ADMIN_ID, AGENT_ID, FOLDER, LocalTokens, admin_token_file, token_of
from services.admin.session_secret import session_secret_file
from services.admin.stack_defaults import DEFAULT_PORTS, Ports
from services.admin.supervisor import Notice, Report, Supervisor
from services.admin.token_keys import token_keys_file
from shared import clock, errors
from shared.config import Secret

_HOST: Final = "127.0.0.1"
_BEHIND_THE_GATEWAY: Final = ("review", "bandit", "ai")
_TOKEN_KEYS: Final = frozenset({"BANDIT_TOKEN_KEYS", "BANDIT_TOKEN_KEYS_FILE"})


def _silent(_notice: Notice) -> None:
    """Tells nobody."""


class LocalStack:
    """Is a stack of a directory; used in a `with` statement it runs. One per directory, one `with` per object."""

    def __init__(
        self,
        directory: Path,
        *,
        database_url: str = "",
        ports: Ports = DEFAULT_PORTS,
        settings: Mapping[str, str] = MappingProxyType({}),
        report: Report = _silent,
    ) -> None:
        """Describes a stack.

        Args:
            directory: Where data, logs and secrets are kept; made when missing.
            database_url: The Postgres to use. Empty: one of its own below the directory.
            ports: Where its parts listen.
            settings: More variables for the processes, such as `{"BANDIT_POLL_INTERVAL": "0.1"}`.
            report: Is told what happens to the parts, on another thread.
        """
        self._directory = directory.absolute()
        self._ports: Mapping[str, int] = asdict(ports)
        self._settings = settings
        self._database = ExternalDatabase(database_url) if database_url else EmbeddedDatabase(self._directory)
        parts = [
            self._database,
            self._child("review", "services.review", self._review_environment),
            LocalTokens(
                self._directory, review_address=lambda: self._supervisor.addresses["review"]["grpc"], clock=clock.now
            ),
            self._child("learner", "services.bandit.worker", self._learner_environment),
            self._child("bandit", "services.bandit", self._bandit_environment),
            self._child("ai", "services.ai", self._ai_environment),
            self._child("gateway", "services.gateway", self._gateway_environment),
        ]
        self._supervisor = Supervisor(parts, report=report)
        self._running = ExitStack()

    @property
    def addresses(self) -> Mapping[str, str]:
        """Where it answers: `bandit`, `review`, `ai`, `gateway`, each with its `-metrics`; `database` as URL."""
        found = self._supervisor.addresses
        return {
            **{name: found[name]["http" if name == "gateway" else "grpc"] for name in self._ports},
            **{f"{name}-metrics": found[name]["metrics"] for name in self._ports},
            "database": found["database"]["url"],
        }

    def token(self, principal_id: str) -> Secret:
        """Returns the token of `ada`, `ann`, `rob`, `service` or `agent`, once the stack has started.

        Raises:
            OSError: There is no such identity.
        """
        return token_of(self._directory, principal_id)

    @property
    def pids(self) -> Mapping[str, int]:
        """The processes that are there: `database` (if its own), `review`, `learner`, `bandit`, `ai`, `gateway`."""
        return self._supervisor.pids

    def wait(self) -> None:
        """Waits until the stack ends by itself, which it does not, short of a defect; an interrupt gets through."""
        self._supervisor.wait()

    def __enter__(self) -> Self:
        """Starts everything; returns when all of it is ready.

        Raises:
            FailedPrecondition: INVALID_STATE, a stack runs in the directory, or a port is taken.
            PlatformError: A part did not become ready; the message says why.
            OSError: The directory is out of reach.
        """
        with ExitStack() as running:
            (self._directory / "logs").mkdir(parents=True, exist_ok=True)
            publish = running.enter_context(claimed(self._directory))
            for name, port in self._ports.items():
                _refuse_taken(name, port)
            running.callback(self._supervisor.stop)
            self._supervisor.start()
            publish(self.addresses)
            self._running = running.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stops everything, what was started last first."""
        self._running.close()

    def _child(self, name: str, module: str, environment: Environment) -> Child:
        return Child(name, module, environment=environment, log_file=self._directory / "logs" / f"{name}.log")

    def _learner_environment(self, _known: Mapping[str, str]) -> Mapping[str, str]:
        # Its matrices are small: threads would wait for each other longer than they work.
        threads = {"OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1")}
        return {**threads, **self._settings, "DATABASE_URL": self._database.url}

    def _review_environment(self, known: Mapping[str, str]) -> Mapping[str, str]:
        admin = {
            "REVIEW_BOOTSTRAP_ADMIN_TOKEN_FILE": str(admin_token_file(self._directory)),
            "REVIEW_BOOTSTRAP_ADMIN_ID": ADMIN_ID,
        }
        return {**self._learner_environment(known), **admin, **self._listening("REVIEW", "review", known)}

    def _bandit_environment(self, known: Mapping[str, str]) -> Mapping[str, str]:
        keys = {}
        if not _TOKEN_KEYS & (os.environ.keys() | self._settings.keys()):
            keys["BANDIT_TOKEN_KEYS_FILE"] = str(token_keys_file(self._directory / "secrets"))
        state = {"BANDIT_STATE_DIRECTORY": str(self._directory / "bandit")}
        return {**self._learner_environment(known), **keys, **state, **self._listening("BANDIT", "bandit", known)}

    def _ai_environment(self, known: Mapping[str, str]) -> Mapping[str, str]:
        review = {
            "AI_REVIEW_ADDRESS": self._supervisor.addresses["review"]["grpc"],
            "AI_REVIEW_TOKEN_FILE": str(self._directory / FOLDER / AGENT_ID),
        }
        return {**review, **self._learner_environment(known), **self._listening("AI", "ai", known)}

    def _gateway_environment(self, known: Mapping[str, str]) -> Mapping[str, str]:
        found = self._supervisor.addresses
        services = {f"GATEWAY_UPSTREAM_{name.upper()}_ADDRESS": found[name]["grpc"] for name in _BEHIND_THE_GATEWAY}
        secret = {"GATEWAY_SESSION_SECRET_FILE": str(session_secret_file(self._directory / "secrets"))}
        return {**services, **secret, **self._settings, **self._listening("GATEWAY", "gateway", known)}

    def _listening(self, prefix: str, name: str, known: Mapping[str, str]) -> Mapping[str, str]:
        return {
            f"{prefix}_ADDRESS": known.get("grpc", known.get("http", f"{_HOST}:{self._ports[name]}")),
            f"{prefix}_METRICS_ADDRESS": known.get("metrics", f"{_HOST}:0"),
        }


def _refuse_taken(name: str, port: int) -> None:
    with socket.socket() as probe:
        # As the servers do it: connections that have just ended are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise errors.FailedPrecondition(
                errors.Reason.INVALID_STATE,
                f"port {port} is taken; give {name} another one with --{name}-port (0: a free one)",
                metadata={"port": str(port)},
            ) from error

"""Where a service answers and who calls it: from the options, the environment, a profile or the local stack."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from services.admin import claim
from services.admin.config import Config
from services.admin.local_tokens import FOLDER
from services.admin.options import Options
from services.admin.profiles import Profile, ProfileBook
from services.admin.screen import command_line
from services.admin.stack_defaults import HOME
from shared import errors
from shared.config import Secret
from shared.errors import invalid_field
from shared.rpc.client import ClientTls

DEFAULT_IDENTITY: Final = "ann"
REVIEWER: Final = "rob"
SERVICES: Final = ("review", "bandit", "ai")


@dataclass(frozen=True, slots=True)
class Server:
    """Is where a service answers, and how it is called.

    Attributes:
        address: host:port or unix:path.
        token: Is sent with each call. None: none is.
        tls: Whom to trust. None: no TLS.
    """

    address: str
    token: Secret | None = None
    tls: ClientTls | None = None


class Access:
    """Finds the servers that one command line means."""

    def __init__(self, options: Options, config: Config) -> None:
        self._options = options
        self._config = config
        self.directory = options.directory or HOME
        self.book = ProfileBook(Path(config.config_home or Path.home() / ".config") / "expctl")

    @cached_property
    def profile_name(self) -> str:
        """The profile in use; empty: the local stack.

        Raises:
            InvalidArgument: INVALID_FIELD, both a profile and an identity of the local stack are given.
            ConfigError: The file of profiles is not usable.
        """
        if self._options.profile and self._options.identity:
            raise invalid_field("--as", "names an identity of the local stack, --profile another place: give one")
        if self._options.identity or self._options.directory:
            return ""
        return self._options.profile or self._config.profile or self.book.default()

    def another_reviewer(self) -> tuple[str, ...]:
        """Returns the options by which somebody else of the local stack reviews; none elsewhere."""
        if self.profile_name:
            return ()
        return ("--as", "ada" if self._options.identity == REVIEWER else REVIEWER)

    @cached_property
    def profile(self) -> Profile | None:
        """The profile in use; None: the local stack.

        Raises:
            ConfigError: There is none of this name, or the file is not usable.
        """
        return self.book.read(self.profile_name) if self.profile_name else None

    @property
    def token_file(self) -> Path:
        """Where the token is kept, or would be, unless the environment has one.

        Raises:
            ConfigError: The profile is not usable.
        """
        if self.profile is not None:
            return self.book.token_path(self.profile_name, self.profile)
        return self.directory / FOLDER / (self._options.identity or DEFAULT_IDENTITY)

    def knows(self, service: str) -> bool:
        """Says whether a service has an address of its own: by its option, the profile, or the local stack.

        Raises:
            ConfigError: The profile is not usable.
        """
        if self._options.address:
            return False
        if self._of_service[service]:
            return True
        if self.profile is not None:
            return bool(getattr(self.profile, service))
        found = claim.running(self.directory)
        return found is not None and service in found.addresses

    def server(self, service: str) -> Server:
        """Returns where a service answers.

        Raises:
            InvalidArgument: INVALID_FIELD, the options contradict each other.
            FailedPrecondition: INVALID_STATE, no stack is ready in the directory, or a token would go out unprotected.
            NotFound: PRINCIPAL_NOT_FOUND, the local stack has no such identity.
            ConfigError: The profile is not usable.
        """
        address = (
            self._options.address
            or self._of_service[service]
            or self._of_profile(service)
            or address_of(service, self.directory, given="")
        )
        plaintext = self.profile is not None and self.profile.plaintext
        return guarded(Server(address, self._token(address), self._tls()), plaintext=plaintext)

    @property
    def _of_service(self) -> Mapping[str, str | None]:
        return {
            "review": self._options.review_address,
            "bandit": self._options.bandit_address,
            "ai": self._options.ai_address,
            "gateway": self._options.gateway_address,
        }

    def _of_profile(self, service: str) -> str:
        if self.profile is None:
            return ""
        address: str = getattr(self.profile, service)
        if not address:
            raise errors.FailedPrecondition(
                errors.Reason.INVALID_STATE,
                f"the profile {self.profile_name!r} has no {service} address; add it to {self.book.path}, "
                f"or give --{service}-address",
            )
        return address

    def _token(self, address: str) -> Secret | None:
        if self._options.identity:
            return self._local_token(self._options.identity)
        if self._config.token.value:
            return self._config.token
        if self.profile is not None:
            return self.book.token(self.profile_name, self.profile)
        # Tokens of the local stack are none of other machines' business.
        default = self.directory / FOLDER / DEFAULT_IDENTITY
        return self._local_token(DEFAULT_IDENTITY) if _is_here(address) and default.exists() else None

    def _local_token(self, identity: str) -> Secret:
        folder = self.directory / FOLDER
        known = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        if identity not in known:
            raise errors.NotFound(
                errors.Reason.PRINCIPAL_NOT_FOUND,
                f"the stack in {self.directory} has no identity {identity!r}; it has {', '.join(known) or 'none'}",
                metadata={"principal_id": identity},
            )
        return Secret((folder / identity).read_text(encoding="utf-8").strip())

    def _tls(self) -> ClientTls | None:
        if self.profile is None or not self.profile.is_secure:
            return None
        return ClientTls(self.profile.ca, self.profile.certificate, self.profile.key)


def address_of(service: str, directory: Path, *, given: str) -> str:
    """Returns the address that was given, or else that of the service in the stack of the directory.

    Raises:
        FailedPrecondition: INVALID_STATE, none was given, and no stack is ready there.
    """
    if given:
        return given
    found = claim.running(directory)
    if found is None or service not in found.addresses:
        start = command_line("up", "--directory", str(directory))
        raise errors.FailedPrecondition(
            errors.Reason.INVALID_STATE,
            f"no stack is ready in {directory}; start one with `{start}`, or give --address",
        )
    return found.addresses[service]


def guarded(server: Server, *, plaintext: bool) -> Server:
    """Returns the server, unless a token would leave this machine unprotected.

    Args:
        server: Where the token goes.
        plaintext: The user says that the network itself is protected.

    Raises:
        FailedPrecondition: INVALID_STATE.
    """
    if server.token is None or server.tls is not None or plaintext or _is_here(server.address):
        return server
    raise errors.FailedPrecondition(
        errors.Reason.INVALID_STATE,
        f"a token would go to {server.address} unprotected: give the profile `tls = true` or a `ca`, "
        "or `plaintext = true` where the network itself is protected",
    )


def _is_here(address: str) -> bool:
    if address.startswith(("unix:", "unix-abstract:")):
        return True
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

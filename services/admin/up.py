"""The command `up`: the local stack in the foreground, with words about where it answers and what to try."""

import threading
from pathlib import Path
from typing import Final

from rich.console import Console

from services.admin.config import PREFIX, Config
from services.admin.local_tokens import FOLDER, IDENTITIES
from services.admin.screen import command_line, screen
from services.admin.stack import LocalStack
from services.admin.stack_defaults import DEMO_HOME, Ports
from services.admin.supervisor import Event, Notice
from shared import config

STARTING: Final = "Starting the stack; its first start on a machine compiles kernels, which takes up to a minute."


def run_up(directory: Path, *, ports: Ports) -> None:
    """Runs the stack until an interrupt, and returns after a clean stop.

    Raises:
        PlatformError: It did not start; the message says why.
        ConfigError: The environment is not usable.
        OSError: The directory is out of reach.
    """
    console, started = screen(), threading.Event()

    def report(notice: Notice) -> None:
        if not started.is_set() or notice.event is not Event.STARTING:
            console.print(notice.message, markup=False)

    console.print(STARTING)
    url = config.load(Config, PREFIX).database_url.value
    stack = LocalStack(directory, database_url=url, ports=ports, report=report)
    try:
        with stack:
            started.set()
            show_addresses(console, stack, directory)
            _suggest(console, directory)
            try:
                stack.wait()
            finally:
                console.print("stopping")
    except KeyboardInterrupt:
        console.print("stopped; the data stay in", str(directory))


def show_addresses(console: Console, stack: LocalStack, directory: Path) -> None:
    """Writes where the stack answers, and how it stops."""
    console.print("\nThe stack is ready (plaintext, on this machine only; the services speak gRPC, with reflection):")
    for name, address in [*stack.addresses.items(), ("logs", str(directory / "logs"))]:
        shown = f"http://{address}/metrics" if name.endswith("-metrics") else address
        shown = f"http://{address} (REST and dashboard)" if name == "gateway" else shown
        console.print(f"  {name:<14}  {shown}", markup=False, soft_wrap=True)
    console.print(f"\nEvery call needs a token; those of these identities are in {directory / FOLDER}:", soft_wrap=True)
    for identity in IDENTITIES:
        console.print(f"  {identity.principal_id:<8}  {identity.role:<12}  {identity.purpose}", markup=False)
    console.print("Ctrl-C stops it.\n")


def _suggest(console: Console, directory: Path) -> None:
    suggestions: list[tuple[str, ...]] = [
        ("experiment", "list", "--directory", str(directory)),
        ("--as", "rob", "review", "list", "--directory", str(directory)),
        ("--as", "rob", "dashboard", "--directory", str(directory)),
    ]
    if directory.absolute() != DEMO_HOME.absolute():
        suggestions.append(("demo",))
    console.print("Try, in another terminal:")
    for arguments in suggestions:
        console.print(f"  {command_line(*arguments)}", markup=False, soft_wrap=True)

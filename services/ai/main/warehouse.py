"""Builds who reads warehouses, where there are any; its packages are those of the extra `warehouse`."""

from pathlib import Path

from services.ai.domain.ports import Warehouse
from shared.config import ConfigError


def build_warehouse(path: Path | None) -> Warehouse | None:
    """Returns the warehouses that a file names; None: no file does.

    Raises:
        ConfigError: It cannot be read, some of it is not usable, or the packages are missing.
    """
    if path is None:
        return None
    try:
        # Not at the top: who has no warehouse needs none of it, and it takes a second to import.
        from services.ai.warehouse.warehouse import IbisWarehouse  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(["AI_WAREHOUSES_FILE: needs the packages of the extra `warehouse`"]) from error
    return IbisWarehouse.of_file(path)

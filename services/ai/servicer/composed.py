"""AnalysisService over gRPC, of parts that each answer for one kind of thing."""

from typing import Any


class AnalysisServicer:
    """Answers the RPCs of AnalysisService, each by the part that has it; every error is a PlatformError.

    Args:
        parts: Have a method for each RPC, and none of them two of one name.

    Raises:
        ValueError: Two parts have a method of one name.
    """

    def __init__(self, *parts: object) -> None:
        self._methods: dict[str, Any] = {}
        for part in parts:
            for name in filter(str.isidentifier, dir(part)):
                if name.startswith("_"):
                    continue
                if name in self._methods:
                    raise ValueError(f"{name} is there twice")
                self._methods[name] = getattr(part, name)

    def __getattr__(self, name: str) -> Any:
        """Returns the method of a part."""
        try:
            return self.__dict__["_methods"][name]
        except KeyError:
            raise AttributeError(name) from None

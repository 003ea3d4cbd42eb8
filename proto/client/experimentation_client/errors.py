"""The errors that the client raises; each has the reason that the server would give.

ClientError
├── ExperimentNotFoundError   no policy of the experiment is known here
├── ContextNeededError       the experiment's weights follow contexts, which only the server knows to use
├── InvalidFieldError         an argument breaks a rule
├── BufferFullError           there is no room for one more row
└── ClosedError               the client was closed, or belongs to the process that this one was forked from
"""


class ClientError(Exception):
    """Is raised for every failure that a caller can act on.

    Attributes:
        reason: What programs act on; where the server has the same failure, its ErrorReason without the prefix.
    """

    reason = ""


class ExperimentNotFoundError(ClientError):
    """No policy of the experiment is known here: it was never started, or its policies have not come yet.

    Attributes:
        experiment_id: The experiment that was asked for.
    """

    reason = "EXPERIMENT_NOT_FOUND"

    def __init__(self, experiment_id: str) -> None:
        super().__init__(f"there is no experiment {experiment_id!r} here, or it was never started")
        self.experiment_id = experiment_id


class ContextNeededError(ClientError):
    """The experiment's weights follow what is told of a unit: ask the server's Allocate, with the context.

    Attributes:
        experiment_id: The experiment that was asked for.
    """

    reason = "CONTEXT_NEEDED"

    def __init__(self, experiment_id: str) -> None:
        super().__init__(f"experiment {experiment_id!r} allocates by context, which the server alone does")
        self.experiment_id = experiment_id


class InvalidFieldError(ClientError):
    """An argument breaks a rule; nothing was done.

    Attributes:
        field: The argument.
        description: What is wrong with it.
    """

    reason = "INVALID_FIELD"

    def __init__(self, field: str, description: str) -> None:
        super().__init__(f"{field}: {description}")
        self.field = field
        self.description = description


class BufferFullError(ClientError):
    """There is no room for one more row; it was not taken. Try again later, or keep the row yourself."""

    reason = "BUFFER_FULL"

    def __init__(self, capacity: int) -> None:
        super().__init__(f"{capacity} rows wait for the server, there is no room for more")


class ClosedError(ClientError):
    """The client takes no more rows."""

    reason = "CLOSED"

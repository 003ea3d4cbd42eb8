"""The gate that is always open."""

from shared.definition import model


class OpenGate:
    """Is the policy without rules: no change needs an approval."""

    def approvals_required(self, _change: object, _before: model.Experiment, _after: model.Experiment, /) -> int:
        """Returns 0."""
        return 0

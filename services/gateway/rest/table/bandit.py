"""What a bandit knows and does, and its switches."""

from typing import Final

from services.gateway.rest.route import WHOLE, Route

_TAG: Final = "bandit"
_ONE: Final = "/experiments/{experiment_id}/bandit"


def _switch(verb: str, rpc: str) -> Route:
    return Route("POST", f"{_ONE}/{verb}", f"BanditService.{rpc}", _TAG, body=WHOLE, answer="learning_switch")


ROUTES: Final = (
    Route("GET", _ONE, "BanditService.GetBandit", _TAG, answer="bandit"),
    Route("GET", "/experiments/{experiment_id}/policy-snapshots", "BanditService.ListPolicySnapshots", _TAG),
    _switch("freeze", "Freeze"),
    _switch("unfreeze", "Unfreeze"),
    _switch("serve-control", "ServeControl"),
    _switch("serve-arms", "ServeArms"),
    Route("POST", f"{_ONE}/evaluate-policy", "BanditService.EvaluatePolicy", _TAG, body=WHOLE),
)

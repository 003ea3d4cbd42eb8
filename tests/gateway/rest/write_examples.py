"""Writes the examples of the OpenAPI document by living a story on the local stack.

Usage: python -m tests.gateway.rest.write_examples
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import httpx

from services.admin.stack import LocalStack
from services.admin.stack_defaults import Ports
from services.gateway.rest.openapi.operations import operation_id
from services.gateway.rest.table import ROUTES

ROOT: Final = Path(__file__).resolve().parents[3]
TARGET: Final = ROOT / "services" / "gateway" / "rest" / "openapi" / "examples.json"
MOST_ITEMS: Final = 2
PATIENCE: Final = 100
PAUSE_SECONDS: Final = 0.2

_NAMES: Final = {(route.method, route.path): operation_id(route) for route in ROUTES}
_METRIC: Final = {
    "metric_id": "bought",
    "kind": "METRIC_KIND_PROPORTION",
    "baseline": 0.032,
    "trend": -0.04,
    "unit_count": 56000,
    "funnel_step": 2,
    "segments": [
        {"segment": "device=mobile", "baseline": 0.021, "unit_count": 33000},
        {"segment": "device=desktop", "baseline": 0.048, "unit_count": 23000},
    ],
}
_CART: Final = {
    "metric_id": "added-to-cart",
    "kind": "METRIC_KIND_PROPORTION",
    "baseline": 0.21,
    "unit_count": 56000,
    "funnel_step": 1,
}
_PAST: Final = {
    "experiment_id": "delivery-date",
    "intervention": "Show the delivery date on the product page",
    "metric_id": "bought",
    "relative_lift": 0.061,
    "standard_error": 0.021,
    "outcome": "PAST_OUTCOME_WON",
}
_TRAFFIC: Final = {"units_per_day": 8000}
_ARMS: Final = [{"arm_id": "control", "control": True}, {"arm_id": "short-form", "display_name": "Short form"}]
_PAID: Final = {
    "metric_id": "paid",
    "kind": "METRIC_KIND_PROPORTION",
    "role": "METRIC_ROLE_PRIMARY",
    "combination_rule": "COMBINATION_RULE_ANY",
    "min_value": 0,
    "max_value": 1,
}
_AGGREGATES: Final = {
    "arms": [
        {
            "arm_id": "control",
            "control": True,
            "planned_share": 0.5,
            "unit_count": 28000,
            "sums": [{"metric_id": "bought", "value_sum": 896}],
        },
        {
            "arm_id": "short-form",
            "planned_share": 0.5,
            "unit_count": 28000,
            "sums": [{"metric_id": "bought", "value_sum": 1064}],
        },
    ],
    "metrics": [_METRIC],
}


class Story:
    """Asks, and keeps what was asked and answered."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._client = httpx.Client(base_url=f"http://{stack.addresses['gateway']}", trust_env=False, timeout=60)
        self.examples: dict[str, dict[str, Any]] = {}

    def ask(
        self,
        who: str,
        method: str,
        template: str,
        body: Any = None,
        *,
        params: Any = None,
        tag: Any = "",
        **path: str,
    ) -> Any:
        """Returns the answer."""
        answer = self._asked(who, method, template.format(**path), body, params=params, tag=tag)
        assert answer.is_success, (template, answer.text)
        found = answer.json()
        example = {} if body is None else {"request": body}
        self.examples.setdefault(_NAMES[method, template], {**example, "response": shortened(found)})
        return found

    def answers(self, who: str, method: str, template: str, body: Any, **path: Any) -> bool:
        """Returns whether it can be asked already."""
        return self._asked(who, method, template.format(**path), body).is_success

    def _asked(
        self, who: str, method: str, path: str, body: Any, *, params: Any = None, tag: str = ""
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._stack.token(who).value}", **({"If-Match": tag} if tag else {})}
        content = {} if body is None else {"json": body}
        return self._client.request(method, path, headers=headers, params=params, **content)

    def done(self, job: Any) -> Any:
        """Returns the job once it has ended."""
        job = self.ask("ann", "GET", "/jobs/{job_id}", job_id=job["job_id"])
        for _ in range(PATIENCE):
            if job["state"] not in ("JOB_STATE_QUEUED", "JOB_STATE_RUNNING"):
                break
            time.sleep(PAUSE_SECONDS)
            job = self.ask("ann", "GET", "/jobs/{job_id}", job_id=job["job_id"])
        self.examples["GetJob"]["response"] = job
        assert job["state"] == "JOB_STATE_SUCCEEDED", job
        return job


def shortened(value: Any) -> Any:
    """Returns the JSON with long lists cut, so that it can be read."""
    if isinstance(value, dict):
        return {name: shortened(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shortened(part) for part in value[:MOST_ITEMS]]
    return value


def tag_of(request: Any) -> str:
    return f'"{request["request_revision"]}-{request["digest"]}"'


def live(story: Story) -> None:
    """Goes through every operation once."""
    experiments(story)
    bandit(story)
    reviews(story)
    ai(story)


def experiments(story: Story) -> None:
    body = {
        "experiment_id": "checkout",
        "display_name": "A shorter form at the checkout",
        "arms": _ARMS,
        "metrics": [_PAID],
        "allocation_policy": {"beta_thompson": {}},
    }
    story.ask("ann", "POST", "/experiments", body)
    story.ask("ann", "GET", "/experiments", params={"text": "checkout"})
    story.ask("ann", "GET", "/experiments/{experiment_id}", experiment_id="checkout")
    start = {"change": {"start": {}}, "reason": "It is ready."}
    story.ask(
        "ann", "POST", "/experiments/{experiment_id}/test-policy", {"change": {"start": {}}}, experiment_id="checkout"
    )
    request = story.ask("ann", "POST", "/experiments/{experiment_id}/changes", start, experiment_id="checkout")[
        "change_request"
    ]
    own = request["change_request_id"]
    one = "/change-requests/{change_request_id}"
    story.ask("rob", "GET", "/change-requests", params={"awaits_caller": "true"})
    story.ask("rob", "GET", one, change_request_id=own)
    story.ask("ann", "POST", f"{one}/comments", {"text": "The copy is final."}, change_request_id=own)
    story.ask("rob", "POST", f"{one}/approve", {"comment": "Fine."}, tag=tag_of(request), change_request_id=own)
    story.ask("ann", "POST", f"{one}/apply", {}, tag=tag_of(request), change_request_id=own)
    story.ask("ann", "GET", "/experiments/{experiment_id}/revisions", experiment_id="checkout")


def bandit(story: Story) -> None:
    one = "/experiments/{experiment_id}"
    name = {"experiment_id": "checkout"}
    for _ in range(PATIENCE):
        if story.answers("service", "POST", f"{one}/allocations", {"unit_id": "visitor-1"}, **name):
            break
        time.sleep(PAUSE_SECONDS)
    token = story.ask("service", "POST", f"{one}/allocations", {"unit_id": "visitor-1"}, **name)["token"]
    units = [f"visitor-{number}" for number in range(1, 4)]
    story.ask("service", "POST", f"{one}/allocations/batch", {"unit_ids": units}, **name)
    story.ask("service", "POST", "/allocations", {"unit_id": "visitor-1"})
    story.ask("service", "POST", f"{one}/exposures", {"token": token}, **name)
    seen = [{"experiment_id": "checkout", "unit_id": unit, "policy_version": 1} for unit in units]
    story.ask("service", "POST", "/exposures", {"exposures": seen})
    paid = {"event_id": "order-1", "token": token, "metric_id": "paid", "value": 1}
    story.ask("service", "POST", f"{one}/outcomes", paid, **name)
    more = {"event_id": "order-2", "experiment_id": "checkout", "unit_id": "visitor-2", "metric_id": "paid", "value": 1}
    story.ask("service", "POST", "/outcomes", {"outcomes": [more]})
    story.ask("ann", "GET", f"{one}/policy-snapshots", **name)
    for verb, reason in (
        ("freeze", "The price changes tonight."),
        ("unfreeze", "It has changed."),
        ("serve-control", "The page is broken."),
        ("serve-arms", "It works again."),
    ):
        story.ask("ann", "POST", f"{one}/bandit/{verb}", {"reason": reason}, **name)
    for _ in range(PATIENCE):
        arms = story.ask("ann", "GET", f"{one}/bandit", **name)["arms"]
        if sum(int(arm["unit_count"]) for arm in arms) == len(units):
            break
        story.examples.pop("GetBandit")
        time.sleep(PAUSE_SECONDS)
    weights = [{"arm_id": "short-form", "weight": 1}]
    story.ask("ann", "POST", f"{one}/bandit/evaluate-policy", {"weights": weights}, **name)


def reviews(story: Story) -> None:
    one = "/change-requests/{change_request_id}"

    def proposed(name: str, *, draft: bool = False) -> Any:
        change = {"change": {"edit_traffic": {"traffic": {"share": 0.5}}}, "reason": name, "draft": draft}
        answer = story.ask("ann", "POST", "/experiments/{experiment_id}/changes", change, experiment_id="checkout")
        return answer["change_request"]

    request = proposed("Half of the traffic is enough.", draft=True)
    own = {"change_request_id": request["change_request_id"]}
    edited = {"reason": "Half of the traffic is enough for two weeks."}
    request = story.ask("ann", "PATCH", one, edited, tag=tag_of(request), **own)
    request = story.ask("ann", "POST", f"{one}/submit", {}, tag=tag_of(request), **own)
    back = {"comment": "Say for how long."}
    story.ask("rob", "POST", f"{one}/request-changes", back, tag=tag_of(request), **own)
    story.ask("rob", "POST", f"{one}/reject", {"comment": "Not before Monday."}, tag=tag_of(request), **own)
    request = proposed("Again.")
    own = {"change_request_id": request["change_request_id"]}
    story.ask("ann", "POST", f"{one}/cancel", {"comment": "Not needed any more."}, **own)
    request = proposed("The other half is broken.")
    own = {"change_request_id": request["change_request_id"]}
    fire = {"justification": "The payment of one half fails."}
    story.ask("ada", "POST", f"{one}/emergency-apply", fire, tag=tag_of(request), **own)
    story.ask("rob", "POST", f"{one}/sign", {"comment": "It did fail; this was right."}, **own)
    rules = [{"rule_id": "two-eyes", "description": "Somebody else looks.", "approval_count": 1}]
    story.ask("rob", "POST", "/policies", {"rules": rules, "reason": "One rule for all."})
    story.ask("ann", "GET", "/policies")
    story.ask("ann", "GET", "/policies/current")
    story.ask("ann", "GET", "/policies/{version}", version="0")
    story.ask("ann", "GET", "/audit-events", params={"target": "experiments/checkout"})
    story.ask("ann", "GET", "/audit-events/verification")
    story.ask("ann", "GET", "/caller")


def ai(story: Story) -> None:
    wish = {
        "goal": "More visitors who buy",
        "metrics": [_CART, _METRIC],
        "past_experiments": [_PAST],
        "traffic": _TRAFFIC,
    }
    job = story.done(story.ask("ann", "POST", "/experiments/suggest-hypotheses", wish))
    hypothesis = {"hypothesis_id": job["hypothesis_ids"][0]}
    story.ask("ann", "GET", "/hypotheses", params={"order": "HYPOTHESIS_ORDER_BEST_FIRST"})
    story.ask("ann", "GET", "/hypotheses/{hypothesis_id}", **hypothesis)
    accept = {"review": "HYPOTHESIS_REVIEW_ACCEPT", "reason": "Worth a try."}
    story.ask("ann", "POST", "/hypotheses/{hypothesis_id}/review", accept, **hypothesis)
    body = {"traffic": _TRAFFIC, "relative_mde": 0.1}
    job = story.done(story.ask("ann", "POST", "/experiments/{hypothesis_id}/recommend-design", body, **hypothesis))
    whole = {"description": "A shorter form at the checkout", "metrics": [_METRIC], **body}
    story.done(story.ask("ann", "POST", "/designs", whole))
    design = {"design_id": job["design_id"]}
    plan = story.ask("ann", "GET", "/designs/{design_id}", **design)["plan"]
    story.ask("ann", "GET", "/designs")
    own = {"plan": plan, "metrics": [_CART, _METRIC], "traffic": _TRAFFIC}
    story.ask("ann", "POST", "/designs/validate", own)
    size = {"metric": _METRIC, "relative_mde": 0.1, "traffic": _TRAFFIC}
    story.ask("ann", "POST", "/designs/plan-sample-size", size)
    story.ask("ann", "POST", "/designs/{design_id}/create-experiment", {"experiment_id": "shorter-form"}, **design)
    data = {"aggregates": _AGGREGATES}
    job = story.done(
        story.ask("ann", "POST", "/experiments/{experiment_id}/analyze", data, experiment_id="winter-sale")
    )
    analysis = story.ask("ann", "GET", "/analyses/{analysis_id}", analysis_id=job["analysis_id"])
    story.ask("ann", "GET", "/experiments/{experiment_id}/analyses", experiment_id="winter-sale")
    story.ask("ann", "GET", "/analyses", params={"latest_only": "true"})
    story.ask("ann", "GET", "/evidence/{sha256}", sha256=analysis["provenance"]["evidence_sha256"])
    story.ask("ann", "GET", "/jobs", params={"kind": "JOB_KIND_ANALYZE_EXPERIMENT"})
    story.ask("ann", "GET", "/jobs/{job_id}/provider-calls", job_id=job["job_id"])
    story.ask("ann", "POST", "/jobs/{job_id}/cancel", {}, job_id=job["job_id"])
    story.ask("ann", "GET", "/effectiveness")


def main() -> None:
    """Runs the script."""
    with tempfile.TemporaryDirectory(prefix="experimentation-examples-") as name:
        Path(name).chmod(0o711)
        with LocalStack(Path(name), ports=Ports.free()) as stack:
            story = Story(stack)
            live(story)
    missing = {operation_id(route) for route in ROUTES if route.events is None} - set(story.examples)
    assert not missing, missing
    text = json.dumps(dict(sorted(story.examples.items())), indent=1, ensure_ascii=False)
    TARGET.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

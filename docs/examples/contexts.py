"""Runs a contextual experiment against the local stack (`make up`), and shows what it learns.

Usage: .venv/bin/python docs/examples/contexts.py [BANDIT_ADDRESS REVIEW_ADDRESS DIRECTORY]
"""

import random
import sys
import time
from pathlib import Path

import grpc

from experimentation.v1 import bandit_service_pb2 as bandit_pb
from experimentation.v1 import common_pb2, experiment_service_pb2, review_service_pb2
from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub

VISITS = 2000
RATES = {("compact", True): 0.30, ("compact", False): 0.10, ("roomy", True): 0.12, ("roomy", False): 0.28}
"""Chance to buy, by page and whether the visitor is on a phone: each page suits one device."""

bandit_address, review_address, directory = sys.argv[1:] or ("127.0.0.1:50051", "127.0.0.1:50052", ".experimentation")
experiment_id = f"page-by-device-{int(time.time())}"


def bearer(identity: str) -> tuple[tuple[str, str]]:
    """Returns what a call carries to say who makes it: a token that the local stack has made."""
    token = Path(directory, "secrets", "tokens", identity).read_text(encoding="utf-8").strip()
    return (("authorization", f"Bearer {token}"),)


ann, rob, service = bearer("ann"), bearer("rob"), bearer("service")
bandit = BanditServiceStub(grpc.insecure_channel(bandit_address))
control_plane = grpc.insecure_channel(review_address)
experiments, reviews = ExperimentServiceStub(control_plane), ReviewServiceStub(control_plane)

# 1. Declare what is told of a visitor. Rewards are learned from by a linear model of it, arm by arm.
experiment = common_pb2.Experiment(
    experiment_id=experiment_id,
    arms=[common_pb2.Arm(arm_id="roomy", control=True), common_pb2.Arm(arm_id="compact")],
    metrics=[
        common_pb2.Metric(
            metric_id="bought", kind=common_pb2.METRIC_KIND_PROPORTION, role=common_pb2.METRIC_ROLE_PRIMARY
        )
    ],
    features=[
        common_pb2.Feature(feature_id="phone", boolean=common_pb2.BooleanFeature()),
        common_pb2.Feature(feature_id="age", numeric=common_pb2.NumericFeature(center=40, scale=15)),
        common_pb2.Feature(feature_id="country", categorical=common_pb2.CategoricalFeature(values=["de", "fr"])),
    ],
    allocation_policy=common_pb2.AllocationPolicy(
        linear_thompson=common_pb2.LinearThompson(),
        # Follow the data at every step of the learner, for the sake of the example; the default is once a minute.
        controls=common_pb2.AllocationControls(update_interval={"seconds": 0}),
    ),
)
experiments.CreateExperiment(experiment_service_pb2.CreateExperimentRequest(experiment=experiment), metadata=ann)
start = experiment_service_pb2.Change(start=experiment_service_pb2.StartChange())
proposed = experiments.ProposeChange(
    experiment_service_pb2.ProposeChangeRequest(
        experiment_id=experiment_id, change=start, reason="one page a device", auto_apply=True
    ),
    metadata=ann,
).change_request
# By the rules that ship a start waits for somebody else, who approves what they were shown.
approval = review_service_pb2.ApproveChangeRequestRequest(
    change_request_id=proposed.change_request_id, request_revision=proposed.request_revision, digest=proposed.digest
)
reviews.ApproveChangeRequest(approval, metadata=rob)
watch = bandit.WatchPolicies(
    bandit_pb.WatchPoliciesRequest(experiment_ids=[experiment_id]), metadata=service, timeout=30
)
next(message for message in watch if message.snapshots)
watch.cancel()


def context(*, phone: bool) -> dict[str, common_pb2.FeatureValue]:
    """Returns what is told of a visitor; what is left out is missing, which has a meaning of its own."""
    told = {"phone": common_pb2.FeatureValue(flag=phone), "age": common_pb2.FeatureValue(number=random.gauss(40, 15))}
    if random.random() < 0.5:
        told["country"] = common_pb2.FeatureValue(text=random.choice(["de", "fr", "it"]))
    return told


# 2. Serve visitors with their contexts; the answer's propensity is that of the context.
for visit in range(VISITS):
    on_phone = visit % 2 == 0
    asked = bandit_pb.AllocateRequest(
        experiment_id=experiment_id, unit_id=f"visitor-{visit}", context=context(phone=on_phone)
    )
    allocation = bandit.Allocate(asked, metadata=service).allocation
    if random.random() < RATES[allocation.arm_id, on_phone]:
        purchase = bandit_pb.Outcome(event_id=f"purchase-{visit}", token=allocation.token, metric_id="bought", value=1)
        bandit.RecordOutcomes(bandit_pb.RecordOutcomesRequest(outcomes=[purchase]), metadata=service)

# 3. See whom it would show what. Statistics follow within about a second.
while True:
    known = bandit.GetBandit(bandit_pb.GetBanditRequest(experiment_id=experiment_id), metadata=ann).bandit
    if sum(arm.unit_count for arm in known.arms) == VISITS and known.snapshot.HasField("contextual_model"):
        break
    time.sleep(0.1)
for on_phone in (True, False):
    answers = [
        bandit.Allocate(
            bandit_pb.AllocateRequest(
                experiment_id=experiment_id,
                unit_id=f"newcomer-{place}-{on_phone}",
                context=context(phone=on_phone),
                exposure_mode=bandit_pb.EXPOSURE_MODE_DEFERRED,
            ),
            metadata=service,
        ).allocation
        for place in range(200)
    ]
    compact = sum(answer.arm_id == "compact" for answer in answers)
    print(f"{'phone' if on_phone else 'desk':5}  compact page for {compact} of {len(answers)}")

"""Runs a contextual experiment against the local stack (`make up`), and shows what it learns.

Usage: .venv/bin/python docs/examples/contexts.py [BANDIT_ADDRESS REVIEW_ADDRESS]
"""

import random
import sys
import time

import grpc

from experimentation.v1 import bandit_service_pb2 as bandit_pb
from experimentation.v1 import common_pb2, experiment_service_pb2
from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub

VISITS = 2000
RATES = {("compact", True): 0.30, ("compact", False): 0.10, ("roomy", True): 0.12, ("roomy", False): 0.28}
"""Chance to buy, by page and whether the visitor is on a phone: each page suits one device."""

bandit_address, review_address = sys.argv[1:] or ("127.0.0.1:50051", "127.0.0.1:50052")
experiment_id = f"page-by-device-{int(time.time())}"
bandit = BanditServiceStub(grpc.insecure_channel(bandit_address))
review = ExperimentServiceStub(grpc.insecure_channel(review_address))

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
review.CreateExperiment(experiment_service_pb2.CreateExperimentRequest(experiment=experiment))
start = experiment_service_pb2.Change(start=experiment_service_pb2.StartChange())
review.ProposeChange(
    experiment_service_pb2.ProposeChangeRequest(experiment_id=experiment_id, change=start, reason="one page a device")
)
watch = bandit.WatchPolicies(bandit_pb.WatchPoliciesRequest(experiment_ids=[experiment_id]), timeout=30)
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
    allocation = bandit.Allocate(asked).allocation
    if random.random() < RATES[allocation.arm_id, on_phone]:
        purchase = bandit_pb.Outcome(event_id=f"purchase-{visit}", token=allocation.token, metric_id="bought", value=1)
        bandit.RecordOutcomes(bandit_pb.RecordOutcomesRequest(outcomes=[purchase]))

# 3. See whom it would show what. Statistics follow within about a second.
while True:
    known = bandit.GetBandit(bandit_pb.GetBanditRequest(experiment_id=experiment_id)).bandit
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
            )
        ).allocation
        for place in range(200)
    ]
    compact = sum(answer.arm_id == "compact" for answer in answers)
    print(f"{'phone' if on_phone else 'desk':5}  compact page for {compact} of {len(answers)}")

"""Allocates in this process, against the local stack (`make up`): 2,000 visitors of one experiment, no call for any.

Usage: .venv/bin/python docs/examples/in_process.py [BANDIT_ADDRESS REVIEW_ADDRESS DIRECTORY]
"""

import random
import sys
import time
from pathlib import Path

import grpc

from experimentation.v1 import common_pb2, experiment_service_pb2, review_service_pb2
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from experimentation_client import Client

bandit_address, review_address, directory = sys.argv[1:] or ("127.0.0.1:50051", "127.0.0.1:50052", ".experimentation")
tokens = Path(directory, "secrets", "tokens")
experiment_id = f"checkout-button-{int(time.time())}"

# 1. Describe the experiment and propose to start it, and approve that (control plane).
ann, rob = ((("authorization", f"Bearer {(tokens / name).read_text().strip()}"),) for name in ("ann", "rob"))
channel = grpc.insecure_channel(review_address)
experiments, reviews = ExperimentServiceStub(channel), ReviewServiceStub(channel)
experiment = common_pb2.Experiment(
    experiment_id=experiment_id,
    arms=[common_pb2.Arm(arm_id="grey", control=True), common_pb2.Arm(arm_id="green")],
    metrics=[
        common_pb2.Metric(
            metric_id="bought", kind=common_pb2.METRIC_KIND_PROPORTION, role=common_pb2.METRIC_ROLE_PRIMARY
        )
    ],
)
experiments.CreateExperiment(experiment_service_pb2.CreateExperimentRequest(experiment=experiment), metadata=ann)
start = experiment_service_pb2.Change(start=experiment_service_pb2.StartChange())
proposed = experiments.ProposeChange(
    experiment_service_pb2.ProposeChangeRequest(experiment_id=experiment_id, change=start, auto_apply=True),
    metadata=ann,
).change_request
reviews.ApproveChangeRequest(
    review_service_pb2.ApproveChangeRequestRequest(
        change_request_id=proposed.change_request_id,
        request_revision=proposed.request_revision,
        digest=proposed.digest,
    ),
    metadata=rob,
)

# 2. Follow its policies, allocate in this process, record what came of it; leaving the block delivers the rest.
shown = {"grey": 0, "green": 0}
with Client(bandit_address, experiment_ids=[experiment_id], token_file=tokens / "service") as client:
    if not client.wait_until_ready(30):
        sys.exit("the bandit does not serve the experiment")
    for visit in range(2000):
        allocation = client.allocate(experiment_id, f"visitor-{visit}")
        shown[allocation.arm_id] += 1
        if random.random() < (0.30 if allocation.arm_id == "green" else 0.15):
            client.record_outcome(experiment_id, f"visitor-{visit}", "bought", 1, event_id=f"purchase-{visit}")
    undelivered = client.close(10)

# 3. Say what became of it.
exposures, outcomes = client.counts()
print(f"shown: {shown['grey']} grey, {shown['green']} green")
print(f"delivered: {exposures.delivered} exposures, {outcomes.delivered} outcomes; lost: {sum(undelivered)}")

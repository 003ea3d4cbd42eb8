"""Runs an experiment against the local stack (`make up`): create, start with an approval, allocate, record, look.

Usage: .venv/bin/python docs/examples/checkout.py [BANDIT_ADDRESS REVIEW_ADDRESS DIRECTORY]
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

bandit_address, review_address, directory = sys.argv[1:] or ("127.0.0.1:50051", "127.0.0.1:50052", ".experimentation")
experiment_id = f"checkout-button-{int(time.time())}"


def bearer(identity: str) -> tuple[tuple[str, str]]:
    """Returns what a call carries to say who makes it: a token that the local stack has made."""
    token = Path(directory, "secrets", "tokens", identity).read_text(encoding="utf-8").strip()
    return (("authorization", f"Bearer {token}"),)


# Ann proposes, Rob approves, the shop's service asks for arms.
try:
    ann, rob, service = bearer("ann"), bearer("rob"), bearer("service")
except FileNotFoundError as error:
    sys.exit(f"No tokens in {directory} ({error.filename}): is `make up` ready?")
control_plane = grpc.insecure_channel(review_address)
experiments, reviews = ExperimentServiceStub(control_plane), ReviewServiceStub(control_plane)
bandit = BanditServiceStub(grpc.insecure_channel(bandit_address))

# 1. Follow the experiment before it is there, so that nothing is created when the bandit does not serve.
watch = bandit.WatchPolicies(
    bandit_pb.WatchPoliciesRequest(experiment_ids=[experiment_id]), metadata=service, timeout=20
)
try:
    next(watch)
    experiments.ListExperiments(experiment_service_pb2.ListExperimentsRequest(page_size=1), metadata=ann, timeout=5)
except grpc.RpcError as error:
    sys.exit(
        f"No bandit at {bandit_address} or no review at {review_address} ({error.code().name}): is `make up` ready?"
    )

# 2. Describe and start the experiment (control plane).
experiment = common_pb2.Experiment(
    experiment_id=experiment_id,
    arms=[common_pb2.Arm(arm_id="grey", control=True), common_pb2.Arm(arm_id="green")],
    metrics=[
        common_pb2.Metric(
            metric_id="bought", kind=common_pb2.METRIC_KIND_PROPORTION, role=common_pb2.METRIC_ROLE_PRIMARY
        )
    ],
    allocation_policy=common_pb2.AllocationPolicy(
        beta_thompson=common_pb2.BetaThompson(),
        # Follow the data at every step of the learner, for the sake of the example; the default is once a minute.
        controls=common_pb2.AllocationControls(update_interval={"seconds": 0}),
    ),
)
experiments.CreateExperiment(experiment_service_pb2.CreateExperimentRequest(experiment=experiment), metadata=ann)


def propose(change: experiment_service_pb2.Change, reason: str) -> None:
    """Changes the experiment: at once, or once Rob has approved what he was shown, where a policy rule asks for it."""
    proposed = experiments.ProposeChange(
        experiment_service_pb2.ProposeChangeRequest(
            experiment_id=experiment_id, change=change, reason=reason, auto_apply=True
        ),
        metadata=ann,
    ).change_request
    if proposed.state == experiment_service_pb2.CHANGE_REQUEST_STATE_PENDING:
        approval = review_service_pb2.ApproveChangeRequestRequest(
            change_request_id=proposed.change_request_id,
            request_revision=proposed.request_revision,
            digest=proposed.digest,
        )
        reviews.ApproveChangeRequest(approval, metadata=rob)


propose(experiment_service_pb2.Change(start=experiment_service_pb2.StartChange()), "try a green button")

# 3. Wait until the bandit serves it: it takes a moment, and WatchPolicies tells when.
try:
    next(message for message in watch if message.snapshots)
except (grpc.RpcError, StopIteration):
    propose(experiment_service_pb2.Change(stop=experiment_service_pb2.StopChange()), "the bandit does not serve it")
    sys.exit(f"The bandit did not serve {experiment_id}, which is stopped again: is the learner of `make up` running?")
watch.cancel()

# 4. Serve visitors and tell the bandit who bought (data plane).
for visit in range(2000):
    request = bandit_pb.AllocateRequest(experiment_id=experiment_id, unit_id=f"visitor-{visit}")
    allocation = bandit.Allocate(request, metadata=service).allocation
    if random.random() < (0.30 if allocation.arm_id == "green" else 0.15):
        purchase = bandit_pb.Outcome(event_id=f"purchase-{visit}", token=allocation.token, metric_id="bought", value=1)
        bandit.RecordOutcomes(bandit_pb.RecordOutcomesRequest(outcomes=[purchase]), metadata=service)

# 5. See what it knows. Statistics follow within about a second.
while True:
    known = bandit.GetBandit(bandit_pb.GetBanditRequest(experiment_id=experiment_id), metadata=ann).bandit
    if sum(arm.unit_count for arm in known.arms) == 2000:
        break
    time.sleep(0.1)
for arm in known.arms:
    print(
        f"{arm.arm_id:6} {arm.unit_count:5} visitors  {arm.mean:.1%} bought"
        f"  chance to be best {arm.probability_best:.1%}  weight {arm.weight:.0%}"
    )

# 6. Go on from here.
where = f" --directory {directory}" if sys.argv[1:] else ""
print(f"\nIt is {experiment_id}. Try:")
print(f"  .venv/bin/expctl bandit status {experiment_id}{where}")
print(f"  .venv/bin/expctl bandit evaluate {experiment_id} --weights grey=0.2,green=0.8{where}")

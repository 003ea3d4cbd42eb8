"""Allocates in the process of an asyncio program, against the local stack (`make up`).

Usage: .venv/bin/python docs/examples/in_process_async.py [BANDIT_ADDRESS REVIEW_ADDRESS DIRECTORY]
"""

import asyncio
import random
import sys
import time
from pathlib import Path

import grpc

from experimentation.v1 import common_pb2, experiment_service_pb2, review_service_pb2
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from experimentation_client import AsyncClient


async def start_experiment(review_address: str, tokens: Path, experiment_id: str) -> None:
    """Describes an experiment with two buttons, proposes to start it, and approves that (control plane)."""
    ann, rob = ((("authorization", f"Bearer {(tokens / name).read_text().strip()}"),) for name in ("ann", "rob"))
    bought = common_pb2.Metric(
        metric_id="bought", kind=common_pb2.METRIC_KIND_PROPORTION, role=common_pb2.METRIC_ROLE_PRIMARY
    )
    experiment = common_pb2.Experiment(
        experiment_id=experiment_id,
        arms=[common_pb2.Arm(arm_id="grey", control=True), common_pb2.Arm(arm_id="green")],
        metrics=[bought],
    )
    start = experiment_service_pb2.Change(start=experiment_service_pb2.StartChange())
    async with grpc.aio.insecure_channel(review_address) as channel:
        experiments, reviews = ExperimentServiceStub(channel), ReviewServiceStub(channel)
        creation = experiment_service_pb2.CreateExperimentRequest(experiment=experiment)
        await experiments.CreateExperiment(creation, metadata=ann)
        proposal = experiment_service_pb2.ProposeChangeRequest(
            experiment_id=experiment_id, change=start, auto_apply=True
        )
        proposed = (await experiments.ProposeChange(proposal, metadata=ann)).change_request
        approval = review_service_pb2.ApproveChangeRequestRequest(
            change_request_id=proposed.change_request_id,
            request_revision=proposed.request_revision,
            digest=proposed.digest,
        )
        await reviews.ApproveChangeRequest(approval, metadata=rob)


async def visit(client: AsyncClient, experiment_id: str, visitor: str) -> str:
    """Shows a button to a visitor, who thinks and then perhaps buys; returns the button."""
    arm_id = client.allocate(experiment_id, visitor).arm_id
    await asyncio.sleep(random.random() / 10)
    if random.random() < (0.30 if arm_id == "green" else 0.15):
        client.record_outcome(experiment_id, visitor, "bought", 1)
    return arm_id


async def main(bandit_address: str, review_address: str, directory: str) -> None:
    """Runs the whole of it."""
    tokens = Path(directory, "secrets", "tokens")
    experiment_id = f"checkout-button-async-{int(time.time())}"
    await start_experiment(review_address, tokens, experiment_id)
    async with AsyncClient(bandit_address, experiment_ids=[experiment_id], token_file=tokens / "service") as client:
        if not await client.wait_until_ready(30):
            sys.exit("the bandit does not serve the experiment")
        shown = await asyncio.gather(*(visit(client, experiment_id, f"visitor-{number}") for number in range(2000)))
        undelivered = await client.close(10)
    exposures, outcomes = client.counts()
    print(f"shown: {shown.count('grey')} grey, {shown.count('green')} green")
    print(f"delivered: {exposures.delivered} exposures, {outcomes.delivered} outcomes; lost: {sum(undelivered)}")


asyncio.run(main(*(sys.argv[1:] or ("127.0.0.1:50051", "127.0.0.1:50052", ".experimentation"))))

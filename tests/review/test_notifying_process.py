"""The review process tells people: from a call to a webhook, and what its configuration may say."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from services.review import main
from services.review.config import PREFIX, Config
from shared import config
from shared.config import ConfigError, Secret
from shared.rpc import client
from tests.fakes import identity
from tests.review.requests import START, create, propose
from tests.review.webhooks.receiver import Receiver, running

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TEMPLATE = "https://experiments.example.com/reviews/{change_request_id}"
WAIT_SECONDS = 20


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running() as started:
        yield started


@pytest.fixture
def options(database_url: str, engine: sqlalchemy.Engine, receiver: Receiver, tmp_path: Path) -> Config:
    identity.install(engine)
    webhooks = tmp_path / "webhooks.json"
    webhooks.write_text(json.dumps({"default": [{"url": receiver.url(), "secret": SECRET}]}), encoding="utf-8")
    return Config(
        address="127.0.0.1:0",
        database_url=Secret(database_url),
        webhooks_file=webhooks,
        link_template=TEMPLATE,
    )


def test_review_when_a_change_waits_for_verdicts_then_the_webhook_is_told(options: Config, receiver: Receiver) -> None:
    review = main.Review(options)
    with client.open_channel(review.start()["grpc"], token=identity.ADA) as channel:
        stub = ExperimentServiceStub(channel)
        stub.CreateExperiment(create(), timeout=WAIT_SECONDS)
        request = stub.ProposeChange(propose(START, reason="go"), timeout=WAIT_SECONDS).change_request
        receiver.wait_for(1)
    review.stop()

    (received,) = receiver.received
    message = json.loads(received.body)
    assert received.is_signed_with(SECRET)
    assert (message["type"], message["data"]["change_request_id"]) == (
        "change_request.proposed",
        request.change_request_id,
    )
    assert message["data"]["link"] == f"https://experiments.example.com/reviews/{request.change_request_id}"
    assert (message["data"]["requester"], message["data"]["reason"]) == (request.requester, "go")
    assert {field["path"] for field in message["data"]["diff"]} == {field.path for field in request.diff}
    counted = review._registry.get_sample_value
    assert counted("review_notices_delivered_total") == 1
    assert counted("review_notices_failed_total", {"reason": "gone"}) == 0
    assert counted("review_notices_waiting") == 0


def test_review_when_the_file_of_webhooks_is_not_usable_then_it_does_not_start(options: Config, tmp_path: Path) -> None:
    (tmp_path / "webhooks.json").write_text('{"default": [{"url": "http://example.com/hidden"}]}', encoding="utf-8")

    with pytest.raises(ConfigError, match=r"default\[0\]\.url") as caught:
        main.Review(options)

    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("template", ["", TEMPLATE, "http://localhost/?id={change_request_id}#top"])
def test_config_when_the_template_is_a_url_then_it_is_taken(template: str) -> None:
    loaded = config.load(Config, PREFIX, environ={"REVIEW_LINK_TEMPLATE": template})

    assert loaded.link_template == template


@pytest.mark.parametrize(
    "template",
    ["https://example.com/", "{change_request_id}", "https://a b/{change_request_id}", "ftp://{change_request_id}"],
)
def test_config_when_the_template_is_no_url_then_refused(template: str) -> None:
    with pytest.raises(ConfigError, match="link_template"):
        config.load(Config, PREFIX, environ={"REVIEW_LINK_TEMPLATE": template})

"""Changes as protobuf messages and as the JSON documents that the store keeps: the canonical JSON of the messages."""

from collections.abc import Callable

from google.protobuf import json_format

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from services.review.domain import changes
from services.review.domain.change_request import AnyChange, EditPolicyRules
from services.review.store import rule_documents
from shared.definition import allocation_convert, convert, model
from shared.definition.document import Document


def change_to_document(change: AnyChange) -> Document:
    """Returns the change as a JSON document with proto field names."""
    return json_format.MessageToDict(change_to_proto(change), preserving_proto_field_name=True)


def change_from_document(document: Document) -> AnyChange:
    """Returns the document as a change; fields of newer releases are passed over."""
    return change_from_proto(json_format.ParseDict(document, pb.Change(), ignore_unknown_fields=True))


def metric_from_document(part: Document) -> model.Metric:
    """Returns a metric of an experiment's document."""
    return convert.metric_from_proto(json_format.ParseDict(part, common_pb2.Metric(), ignore_unknown_fields=True))


def change_to_proto(change: AnyChange) -> pb.Change:
    """Returns the change as a message."""
    message = pb.Change()
    getattr(message, change.kind).SetInParent()
    match change:
        case changes.Stop(shipped_arm_id):
            message.stop.shipped_arm_id = shipped_arm_id
        case changes.EditArms(arms, policy):
            message.edit_arms.arms.extend(map(convert.arm_to_proto, arms))
            if policy:
                message.edit_arms.allocation_policy.CopyFrom(allocation_convert.policy_to_proto(policy))
        case changes.EditMetrics(metrics):
            message.edit_metrics.metrics.extend(map(convert.metric_to_proto, metrics))
        case changes.EditAllocation(policy):
            message.edit_allocation.allocation_policy.CopyFrom(allocation_convert.policy_to_proto(policy))
        case changes.EditTraffic(traffic):
            message.edit_traffic.traffic.CopyFrom(convert.traffic_to_proto(traffic))
        case EditPolicyRules(rules):
            message.edit_policy_rules.rules.extend(map(rule_documents.rule_to_proto, rules))
        case changes.EditDetails():
            message.edit_details.CopyFrom(_details_to_proto(change))
    return message


def _details_to_proto(change: changes.EditDetails) -> pb.EditDetailsChange:
    return pb.EditDetailsChange(
        display_name=change.display_name,
        description=change.description,
        labels=change.labels,
        replace_labels=change.labels is not None,
    )


def change_from_proto(message: pb.Change) -> AnyChange:
    """Returns the message as a change, its defaults filled in.

    Raises:
        ValueError: No kind is given, or one that this release does not know.
    """
    kind = message.WhichOneof("kind")
    if kind not in _READERS:
        raise ValueError("the kind of change must be given")
    return _READERS[kind](message)


def _edit_arms(message: pb.Change) -> changes.EditArms:
    edit = message.edit_arms
    policy = (
        allocation_convert.policy_from_proto(edit.allocation_policy) if edit.HasField("allocation_policy") else None
    )
    return changes.EditArms(convert.arms_from_proto(edit.arms), policy)


def _edit_details(message: pb.Change) -> changes.EditDetails:
    edit = message.edit_details
    return changes.EditDetails(
        edit.display_name if edit.HasField("display_name") else None,
        edit.description if edit.HasField("description") else None,
        dict(edit.labels) if edit.replace_labels else None,
    )


_READERS: dict[str, Callable[[pb.Change], AnyChange]] = {
    "start": lambda _: changes.Start(),
    "pause": lambda _: changes.Pause(),
    "resume": lambda _: changes.Resume(),
    "stop": lambda message: changes.Stop(message.stop.shipped_arm_id),
    "edit_arms": _edit_arms,
    "edit_metrics": lambda message: changes.EditMetrics(convert.metrics_from_proto(message.edit_metrics.metrics)),
    "edit_allocation": lambda message: changes.EditAllocation(
        allocation_convert.policy_from_proto(message.edit_allocation.allocation_policy)
    ),
    "edit_traffic": lambda message: changes.EditTraffic(convert.traffic_from_proto(message.edit_traffic.traffic)),
    "edit_details": _edit_details,
    "edit_policy_rules": lambda message: EditPolicyRules(
        tuple(map(rule_documents.rule_from_proto, message.edit_policy_rules.rules))
    ),
}

"""Features to and from protobuf."""

from collections.abc import Iterable

from experimentation.v1 import common_pb2 as pb
from shared.definition.features import BooleanFeature, CategoricalFeature, Feature, NumericFeature


def feature_to_proto(feature: Feature) -> pb.Feature:
    """Returns the feature as a message."""
    message = pb.Feature(feature_id=feature.feature_id)
    match feature:
        case NumericFeature():
            message.numeric.CopyFrom(pb.NumericFeature(center=feature.center, scale=feature.scale))
        case CategoricalFeature():
            message.categorical.CopyFrom(pb.CategoricalFeature(values=feature.values))
        case BooleanFeature():
            message.boolean.SetInParent()
    return message


def features_from_proto(messages: Iterable[pb.Feature]) -> tuple[Feature, ...]:
    """Returns the messages as features, their defaults filled in.

    Raises:
        ValueError: A kind is not given.
    """
    return tuple(map(_feature_from_proto, messages))


def _feature_from_proto(message: pb.Feature) -> Feature:
    match message.WhichOneof("kind"):
        case "numeric":
            return NumericFeature(message.feature_id, message.numeric.center, message.numeric.scale or 1.0)
        case "categorical":
            return CategoricalFeature(message.feature_id, tuple(message.categorical.values))
        case "boolean":
            return BooleanFeature(message.feature_id)
    raise ValueError(f"the kind of feature {message.feature_id!r} must be given")

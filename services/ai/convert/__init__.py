"""Protobuf of the AI service to and from the domain."""

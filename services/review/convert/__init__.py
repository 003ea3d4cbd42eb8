"""Where protobuf stops: requests and responses to and from the domain."""

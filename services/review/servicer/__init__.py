"""The services of review over gRPC: convert, call one use case, convert."""

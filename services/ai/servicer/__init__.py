"""The AI service over gRPC: convert, call one use case, convert."""

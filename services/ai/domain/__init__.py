"""What the AI service knows, without I/O, clock, chance or protobuf."""

"""What every service stands on: errors, definitions, RPC, store, telemetry."""

"""How the services speak gRPC: one server, one client, one table of errors."""

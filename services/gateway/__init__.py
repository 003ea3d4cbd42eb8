"""The HTTP door: REST endpoints and the dashboard, a client of the services that holds no state."""

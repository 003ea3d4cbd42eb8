"""Who calls."""

from typing import Final

from services.gateway.rest.route import Route

ROUTES: Final = (Route("GET", "/caller", "IdentityService.GetCaller", "caller"),)

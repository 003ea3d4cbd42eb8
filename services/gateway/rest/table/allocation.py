"""Arms for units, and what came of them: one at a time and in batches."""

from typing import Final

from services.gateway.rest.route import WHOLE, Route

_ALLOCATION: Final = "allocation"
_RECORDING: Final = "exposures and outcomes"
_ONE: Final = "/experiments/{experiment_id}"

ROUTES: Final = (
    Route("POST", f"{_ONE}/allocations", "BanditService.Allocate", _ALLOCATION, body=WHOLE, answer="allocation"),
    Route("POST", f"{_ONE}/allocations/batch", "BanditService.BatchAllocate", _ALLOCATION, body=WHOLE),
    Route("POST", "/allocations", "BanditService.AllocateAll", _ALLOCATION, body=WHOLE),
    Route("POST", f"{_ONE}/exposures", "BanditService.RecordExposure", _RECORDING, body="exposures[0]"),
    Route("POST", "/exposures", "BanditService.RecordExposure", _RECORDING, body=WHOLE),
    Route("POST", f"{_ONE}/outcomes", "BanditService.RecordOutcomes", _RECORDING, body="outcomes[0]"),
    Route("POST", "/outcomes", "BanditService.RecordOutcomes", _RECORDING, body=WHOLE),
)

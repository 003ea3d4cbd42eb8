"""The RPCs of designs: convert, call one use case, convert."""

import grpc

from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.convert import designs as convert
from services.ai.convert import requests
from services.ai.service import planning
from services.ai.service.adopting import Adopting
from services.ai.service.designs import DesignService
from shared.rpc import caller


class DesignServicer:
    """Answers the RPCs on designs and plans; every error is a PlatformError."""

    def __init__(self, service: DesignService, adopting: Adopting) -> None:
        self._service = service
        self._adopting = adopting

    def GetDesign(self, request: pb.GetDesignRequest, _context: grpc.ServicerContext) -> pb.GetDesignResponse:
        """Returns one design."""
        requests.document(request)
        return pb.GetDesignResponse(design=convert.to_proto(self._service.get(request.design_id)))

    def ListDesigns(self, request: pb.ListDesignsRequest, _context: grpc.ServicerContext) -> pb.ListDesignsResponse:
        """Lists designs, newest first."""
        kept, after = convert.kept(request), requests.cursor(request)
        page = self._service.list_designs(kept, after=after, limit=requests.page_size(request.page_size))
        return convert.page_to_proto(page, request)

    def CreateExperimentFromDesign(
        self, request: pb.CreateExperimentFromDesignRequest, _context: grpc.ServicerContext
    ) -> pb.CreateExperimentFromDesignResponse:
        """Makes an experiment of a design."""
        key = requests.key(request, caller.current().principal_id)
        return convert.adopted_to_proto(self._adopting.adopt(convert.adoption(request), key=key))

    def ValidateDesign(
        self, request: pb.ValidateDesignRequest, _context: grpc.ServicerContext
    ) -> pb.ValidateDesignResponse:
        """Holds a plan against the rules."""
        return convert.judged_to_proto(planning.judged(convert.plan_question(request)))

    def PlanSampleSize(
        self, request: pb.PlanSampleSizeRequest, _context: grpc.ServicerContext
    ) -> pb.PlanSampleSizeResponse:
        """Says how many units a test takes."""
        return convert.size_to_proto(planning.size(convert.size_question(request)))

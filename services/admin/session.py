"""One run of the command: whom it calls, how it answers, whom it may ask."""

import sys
from contextlib import AbstractContextManager

import typer

from experimentation.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from experimentation.v1.audit_service_pb2_grpc import AuditServiceStub
from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from experimentation.v1.identity_service_pb2_grpc import IdentityServiceStub
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from services.admin import clients, pager
from services.admin.access import Access
from services.admin.config import PREFIX, Config
from services.admin.options import Options, given
from services.admin.output import Output
from services.admin.prompts import Prompts
from shared import config, ids


class Session:
    """Holds what commands need, from the options and the environment."""

    def __init__(self, options: Options, settings: Config) -> None:
        self.options = options
        self.settings = settings
        self.access = Access(options, settings)
        paged = not options.no_pager and sys.stdout.isatty()
        self.output = Output(
            options.output or settings.output,
            quiet=options.quiet,
            pager_command=pager.pager_command(settings.pager, settings.fallback_pager) if paged else (),
            place=options.place(),
            reviewer=self.access.another_reviewer(),
        )
        self.prompts = Prompts(
            interactive=not options.no_input and sys.stdin.isatty(),
            editor=settings.visual or settings.editor,
        )
        self.new_id = ids.new_id

    def experiments(self) -> AbstractContextManager[ExperimentServiceStub]:
        """Gives the ExperimentService; raises as `Access.server` and `clients.stub_at` do."""
        return clients.experiments_at(self.access.server("review"))

    def reviews(self) -> AbstractContextManager[ReviewServiceStub]:
        """Gives the ReviewService, likewise."""
        return clients.reviews_at(self.access.server("review"))

    def audit(self) -> AbstractContextManager[AuditServiceStub]:
        """Gives the AuditService, likewise."""
        return clients.audit_at(self.access.server("review"))

    def identities(self) -> AbstractContextManager[IdentityServiceStub]:
        """Gives the IdentityService, likewise."""
        return clients.identities_at(self.access.server("review"))

    def bandit(self) -> AbstractContextManager[BanditServiceStub]:
        """Gives the BanditService, likewise."""
        return clients.bandit_at(self.access.server("bandit"))

    def analyses(self) -> AbstractContextManager[AnalysisServiceStub]:
        """Gives the AnalysisService, likewise."""
        return clients.analyses_at(self.access.server("ai"))


def session_of(context: typer.Context) -> Session:
    """Returns the session of a command line.

    Raises:
        ConfigError: The environment is not usable.
        InvalidArgument: INVALID_FIELD, an option is not.
    """
    return Session(given(context), config.load(Config, PREFIX))

"""What a caller may be allowed to do, and which RPC needs which of it; an RPC that is not listed is refused."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Permission(StrEnum):
    """Allows one kind of thing. The values are what tokens name as scopes."""

    CALLER_READ = "caller.read"
    """To be told who one is; everybody who is known has it."""
    EXPERIMENTS_READ = "experiments.read"
    EXPERIMENTS_CREATE = "experiments.create"
    EXPERIMENTS_HALT = "experiments.halt"
    """To pause, to freeze and to serve the control, and to undo it at the bandit."""
    CHANGES_READ = "changes.read"
    CHANGES_PROPOSE = "changes.propose"
    CHANGES_COMMENT = "changes.comment"
    CHANGES_REVIEW = "changes.review"
    CHANGES_APPLY = "changes.apply"
    CHANGES_EMERGENCY_APPLY = "changes.emergency_apply"
    POLICIES_READ = "policies.read"
    POLICIES_PROPOSE = "policies.propose"
    AUDIT_READ = "audit.read"
    IDENTITIES_READ = "identities.read"
    IDENTITIES_MANAGE = "identities.manage"
    """To create and change principals, and tokens of anybody: whoever has it can get all else."""
    TOKENS_MANAGE_OWN = "tokens.manage_own"
    ALLOCATIONS_SERVE = "allocations.serve"
    OUTCOMES_RECORD = "outcomes.record"
    BANDITS_READ = "bandits.read"
    ANALYSES_READ = "analyses.read"
    """To read jobs, hypotheses, designs and analyses, and to have plans computed."""
    ANALYSES_REQUEST = "analyses.request"
    """To ask for jobs, which may cost money, and to end them."""
    HYPOTHESES_REVIEW = "hypotheses.review"


_BY_SERVICE: Final[Mapping[str, Mapping[Permission, tuple[str, ...]]]] = {
    "BanditService": {
        Permission.ALLOCATIONS_SERVE: ("Allocate", "BatchAllocate", "BatchAllocateColumns", "AllocateAll"),
        Permission.OUTCOMES_RECORD: ("RecordExposure", "RecordOutcomes"),
        Permission.BANDITS_READ: ("GetBandit", "ListPolicySnapshots", "WatchPolicies", "EvaluatePolicy"),
        Permission.EXPERIMENTS_HALT: ("Freeze", "Unfreeze", "ServeControl", "ServeArms"),
    },
    "ExperimentService": {
        Permission.EXPERIMENTS_READ: ("GetExperiment", "ListExperiments", "ListRevisions"),
        Permission.EXPERIMENTS_CREATE: ("CreateExperiment",),
        Permission.CHANGES_PROPOSE: ("ProposeChange",),
    },
    "ReviewService": {
        Permission.CHANGES_READ: ("GetChangeRequest", "ListChangeRequests", "WatchChangeRequests"),
        Permission.CHANGES_PROPOSE: ("EditChangeRequest", "SubmitChangeRequest", "CancelChangeRequest"),
        Permission.CHANGES_COMMENT: ("AddComment",),
        Permission.CHANGES_REVIEW: (
            "ApproveChangeRequest",
            "RejectChangeRequest",
            "RequestChanges",
            "SignEmergency",
        ),
        Permission.CHANGES_APPLY: ("ApplyChangeRequest",),
        Permission.CHANGES_EMERGENCY_APPLY: ("EmergencyApply",),
        Permission.POLICIES_READ: ("GetPolicy", "ListPolicies", "TestPolicy"),
        Permission.POLICIES_PROPOSE: ("ProposePolicy",),
    },
    "AuditService": {
        Permission.AUDIT_READ: ("ListAuditEvents", "VerifyAuditChain"),
    },
    "AnalysisService": {
        Permission.ANALYSES_READ: (
            "GetJob",
            "ListJobs",
            "WatchJob",
            "GetHypothesis",
            "ListHypotheses",
            "GetDesign",
            "ListDesigns",
            "GetAnalysis",
            "ListAnalyses",
            "GetEvidence",
            "ListProviderCalls",
            "ValidateDesign",
            "PlanSampleSize",
            "GetEffectiveness",
        ),
        Permission.ANALYSES_REQUEST: (
            "SuggestHypotheses",
            "RecommendDesign",
            "AnalyzeExperiment",
            "CancelJob",
            "CheckProvider",
        ),
        Permission.HYPOTHESES_REVIEW: ("ReviewHypothesis",),
        Permission.EXPERIMENTS_CREATE: ("CreateExperimentFromDesign",),
    },
    "IdentityService": {
        Permission.CALLER_READ: ("GetCaller",),
        Permission.IDENTITIES_READ: ("ListPrincipals",),
        Permission.IDENTITIES_MANAGE: ("CreatePrincipal", "UpdatePrincipal"),
        # For the tokens of others the service asks for more.
        Permission.TOKENS_MANAGE_OWN: ("CreateToken", "ListTokens", "RotateToken", "RevokeToken"),
    },
}


def _paths() -> Iterator[tuple[str, Permission]]:
    for service, needs in _BY_SERVICE.items():
        for permission, methods in needs.items():
            for method in methods:
                yield f"/experimentation.v1.{service}/{method}", permission


PERMISSION_OF: Final[Mapping[str, Permission]] = MappingProxyType(dict(_paths()))
"""By the path of each RPC, `/package.Service/Method`, what its caller needs."""

"""The rules that no policy can take away."""

from typing import Final

from services.review.domain.policy.catalogue import EDIT_POLICY_RULES
from services.review.domain.policy.rules import PolicyRule
from shared.identity.principal import Role

BUILT_IN_RULES: Final = (
    PolicyRule(
        "policy-edits",
        "Whoever changes the rules needs an admin who agrees, whatever the rules say.",
        change_kinds=(EDIT_POLICY_RULES,),
        approval_count=1,
        roles=(Role.ADMIN.value,),
    ),
)
RESERVED_IDS: Final = frozenset(rule.rule_id for rule in BUILT_IN_RULES) | {"agents"}

"""What the policy rules make of a change, for people."""

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from experimentation.v1 import review_pb2
from experimentation.v1 import review_service_pb2 as pb
from services.admin import approvals, tables
from services.admin.words import NOTHING, plural


def drawing(found: pb.TestPolicyResponse, *, with_facts: bool = False) -> RenderableType:
    """Returns what would be needed, each rule with why or why not, and the risk; with the facts, those too."""
    parts = [_needs(found), _rules(found.results), *_risk(found)]
    return Group(*parts, _facts(found)) if with_facts else Group(*parts)


def summary(found: pb.TestPolicyResponse) -> RenderableType:
    """Returns what would be needed, the rules that say so, and the risk."""
    matching = [result for result in found.results if result.matches or result.failed]
    count = len(found.results) - len(matching)
    others = Text(f"{plural(count, 'rule')} {'does' if count == 1 else 'do'} not match", style="dim")
    return Group(_needs(found), _rules(matching), others, *_risk(found))


def _risk(found: pb.TestPolicyResponse) -> list[RenderableType]:
    parts: list[RenderableType] = [Text(f"risk {found.risk_score:.0f}")]
    parts += [Text(f"  {factor.points:+.0f}  {factor.description}") for factor in found.risk_factors]
    return parts


def fact_value(fact: review_pb2.PolicyFact) -> str:
    """Returns a fact's value; a dash where it is not known."""
    match fact.WhichOneof("value"):
        case "number":
            return f"{fact.number:.6g}"
        case "text":
            return fact.text
        case "flag":
            return "yes" if fact.flag else "no"
        case _:
            return NOTHING


def _needs(found: pb.TestPolicyResponse) -> Text:
    if found.never_gated:
        return Text("No approval needed: it only reduces harm, which no rule gates.", style="green")
    if not found.requirements:
        return Text("No approval needed: no rule asks for one.", style="green")
    needs = map(approvals.people, approvals.distinct(found.requirements))
    return Text(f"Approvals needed: {'; '.join(needs)}.", style="yellow")


def _rules(results: Iterable[review_pb2.RuleResult]) -> Table:
    rows = Table(box=None, show_header=False, pad_edge=False)
    rows.add_column(overflow="fold")
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")
    # What matches is what one looks for.
    for result in sorted(results, key=lambda result: not (result.matches or result.failed)):
        word, style = _match(result)
        rows.add_row(Text(result.rule_id), Text(word, style=style), Text("\n".join(result.reasons)))
    return rows


def _match(result: review_pb2.RuleResult) -> tuple[str, str]:
    if result.failed:
        return "failed", "red"
    return ("matches", "yellow") if result.matches else ("no", "dim")


def _facts(found: pb.TestPolicyResponse) -> Table:
    rows = tables.rows("fact", "value")
    for name, value in _known(found):
        rows.add_row(Text(name), Text(value))
    return rows


def _known(found: pb.TestPolicyResponse) -> Iterator[tuple[str, str]]:
    for fact in found.facts:
        yield fact.fact, fact_value(fact)

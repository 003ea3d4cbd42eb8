"""The words by which the rules tell changes, vague words, effects and sameness."""

import re
from typing import Final

_CHANGES: Final = """
add adjust advertise allow animate apply ask assign attach auto-fill autofill automate autoplay badge ban block bold
bring bundle cache cap change charge clarify collapse color colour combine compress condense confirm consolidate
convert copy create cut deepen default defer delay delete demote deploy disable discount display divide drop embed
emphasise emphasize enable encourage enlarge enrich expand explain expose extend feature filter fix flatten frame gate
give grant group guide halve hide highlight implement include increase insert introduce invite join label launch lead
lengthen let limit link list localise localize lock lower make mark mention merge mirror move name narrow notify nudge
offer open order paginate personalise personalize pin place play popup postpone pre-fill pre-select prefill preload
preselect present price prioritise prioritize promote prompt provide pull push put raise rank re-run rearrange
recommend redesign reduce reframe relocate remind remove rename reorder repeat replace reposition require reset resize
restrict retry return reveal reward reword rewrite rotate run save schedule score send separate serve set shift
shorten show shrink shuffle simplify skip slow sort space speed split start stop strip suggest surface swap switch
tailor take tell test throttle translate trigger trim try turn unlock unpin update upgrade use validate vary warn
widen wrap write
"""
CHANGES: Final = frozenset(_CHANGES.split())
"""Verbs that begin a command to change something."""

_VAGUE: Final = """
improve improving enhance enhancing optimise optimize optimising optimizing better best boost boosting increase
increasing rework redesign revamp modernise modernize streamline fix upgrade update change changes changing make
refine tweak good great nice nicer new user users customer customers visitor experience ux ui journey flow design
look feel page pages site website app application product thing things something stuff somehow some more overall
general generally engagement engaging conversion conversions sale sales retention metric metrics kpi performance
quality value way ways intuitive attractive appealing modern friendly user-friendly interface layout content variant
variation treatment test experiment please try different differently optimal optimum improvement improvements
optimisation optimization it we should can could may might very really much lot work works hard harder on up
"""
VAGUE: Final = frozenset(_VAGUE.split())
"""Words that name no particular thing to do: an intervention needs others beside them."""

JOINTS: Final = re.compile(
    r"[;\n]|,|\.\s|\u2022|\b(?:and also|and then|as well as|in addition to|along with|together with|and|plus|while"
    r"|whilst|additionally|furthermore|then|also)\b",
    re.IGNORECASE,
)
"""Where one intervention may end and another begin."""

SAMENESS: Final = re.compile(
    r"\ba\s*/\s*a\b|\baa[ -]test|\b(?:no|without(?: any)?|zero) (?:change|difference|modification)s?\b"
    r"|\bidentical (?:\w+ )?(?:variant|variation|arm|version|experience|copy|copies|page|treatment)s?\b"
    r"|\b(?:do|change|changes|changing) nothing\b|\bnothing (?:is|gets) changed\b"
    r"|\bsame (?:variant|arm|version|experience|page|treatment)s? (?:in|for|to|against|versus|vs)\b"
    r"|\bcontrol (?:versus|vs\.?|against) (?:the )?control\b|\bkeep (?:everything|it|all) (?:as|the same)\b",
    re.IGNORECASE,
)
"""Words of a test of a thing against itself."""

MAGNITUDE: Final = re.compile(
    r"\d[\d.,\u00a0 ]*\s*(?:%|\uff05|\u2030|percent|per cent|pp\b|bps\b|basis points|percentage points?)"
    r"|\d[\d.,]*\s*(?:x\b|-?fold\b|times\b)"
    r"|\b(?:double|doubles|doubled|doubling|triple|triples|tripled|halve|halves|halved|halving|quadruple|quadruples)\b"
    r"|\b(?:two|three|four|five|ten|hundred)[- ]?fold\b|\btwice (?:as|the)\b"
    r"|\b(?:a|one|two|three|four|five|six|seven|eight|nine|ten|fifteen|twenty|thirty|forty|fifty)"
    r"(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))? (?:percent|per cent|percentage points?)\b",
    re.IGNORECASE,
)
"""How large something is: only code says that."""

NEITHER_WAY: Final = re.compile(
    r"\b(?:may|might|could) or (?:may|might|could) not\b|\beither (?:way|increase|rise|up)\b|\bincrease or decrease\b"
    r"|\bup or down\b|\b(?:some|any) (?:effect|impact|change)\b|\bsee what happens\b|\bwhether or not\b",
    re.IGNORECASE,
)
"""Words by which whatever happens is as foretold."""

OUTCOMES: Final = re.compile(
    r"\b(?:improv|increas|rais|rise|rose|grow|lift|boost|gain|higher|more|up|better|win|won"
    r"|reduc|decreas|lower|fall|fell|drop|declin|fewer|less|down|worse|lost|los|hurt|harm)\w*\b",
    re.IGNORECASE,
)
"""Words that say how something moved."""

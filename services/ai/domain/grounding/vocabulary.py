"""The words that a checked text may be made of; of a word that is not here it cannot be shown that it agrees.

Words that say which way, how good, how sure or what to do are in `lexicon` and have rules of their own. Those below say
none of that: function words, and the nouns and verbs of experiments.
"""

from typing import Final

from services.ai.domain.grounding import lexicon
from services.ai.domain.grounding.phrases import PHRASE_WORDS, PHRASES, parts

_FUNCTION: Final = """
a an the this that these those it its itself they them their theirs we us our you your he she who whom whose
which what when where whether how if then else than as at by for from in into of off on onto out over to toward
towards under until up upon with within while among amid across along after again against about around before
between beyond both during each either every few here there per via with and or nor but so such some any other
others another own only just also too very rather quite even still yet already now once often later earlier
early late currently current present presently today's recent recently lately previously previous past former
next last first finally latest hence thus therefore however although though whereas despite unless
otherwise instead together apart alone else besides moreover furthermore meanwhile overall generally usually
typically mainly mostly partly particular particularly namely is are was were be been being am has have had
having do does did doing done can could should shall let lets get gets got getting give gives given giving go
goes going come comes coming make makes made making take takes took taken taking put keep keeps kept keeping
need needs needed needing hold holds held stay stays stayed become becomes became say says said see sees saw
seen seeing know knows known read reads reading mean means meant use uses used using allow allows allowed
allowing call called ask asked note notes noted noting mind one's itself same-day back
"""
_EXPERIMENTS: Final = """
arm arms variant variants variation variations version versions treatment treatments control baseline baselines
experiment experiments test tests testing tested trial trials study studies comparison comparisons compare
compares compared unit units user users visitor visitors customer customers session sessions sample samples
sampled sampling population group groups segment segments part parts rest remainder cohort traffic share shares
weight weights split splits allocation allocations allocate allocates allocated assign assigns assigned
assignment assignments exposure exposures exposed receive receives received serve serves served served serving
saw show metric metrics outcome outcomes value values mean means average averages rate rates level levels figure
figures number numbers count counts total totals data datum result results finding findings observation
observations observed observe estimate estimates estimated estimation lift relative absolute interval intervals
confidence credible bound bounds range ranges ranging width wide narrow p-value p-values statistic statistics
statistical statistically alpha error errors power powered minimum maximum size sizes goal goals guardrail
guardrails primary secondary margin threshold thresholds limit limits target targets plan plans planned planning
planned-for design designed duration day days week weeks run time times date period horizon look looks looked
looking peek peeking correction corrected adjusted adjustment adjust multiplicity multiple several method
methods analysis analyses analysed analyzed engine check checks checked health healthy question questions
decision decisions decide verdict recommendation recommend recommends recommended recommending advise advises
advised suggestion action step steps option options policy policies update updates updated learner learning
exploration floor explore explores exploring exploit reward rewards regret loss probability chance best arm's
history historical record records recorded log logs logged logging attribution event events cause causes window
windows delay delayed freshness trend trending gap gaps funnel stage stages band bands measure measures measured
measuring measurement measurements collect collects collected collecting gather gathered variance deviation
spread uncertainty noise noisy precision hypothesis hypotheses idea prior posterior plain raw naive weighted
reweighting unweighted inverse propensity propensities randomised randomized randomisation randomization random
eligible enrolled enrol joined bring brings brought start starts started starting begin begins began begun ended
finished finish stopped ongoing under way required require requires requirement necessary necessarily suffice
suffices meaning conclusion conclusions support supports supported supporting bear bears borne speak speaks
consider considered considering consideration account depends depend depending rest rests based basis holds
valid validity source sources quality issue pending desired wanted intended intention expected unexpected
direction way ways side sides place point points state status report reports reported reporting describe
describes described refers refer apply applies applied relate relates related concern concerns concerned
regarding respect regards involve involves involved include includes included including exclude excluded
excluding contain contains contained cover covers covered span spans spanning lie lies lying stand stands stood
fall-back amount amounts correspond corresponds corresponding equalled translates apart remain remains detect
detects detecting detection see discover discovered appear appeared while amount whole entire overall simple
simply main single-look anytime any-time fixed fixed-horizon sequential bayesian look-ahead interim deadline
cadence rule rules declared declare declares criterion criteria condition conditions carefully help helping
larger longer shorter-term long short-term wider narrower cautions caution treat treats treated treating mind
interpretation interpret interpreted interpreting reader people human humans reviewer review reviewed reviewing
owner anything something whoever produce produces produced producing deliver delivers delivered yield yields
yielded achieve achieves achieved register registers registered post posts posted turn turns turned add adds
added provide provides provided offer offers offered tend tends fit fits fitted corresponds judged measured
overall reference referenced comes stems equals beyond behind aside accordingly respectively approximately
exactly precisely nearly almost roughly about available accessible used respective corresponding understandable
possible impossible real-time typical usual ordinary common different separate distinct joint combined
individual per-arm per-unit pairwise initial original new newer newest old older oldest first-party prior
intermediate monitor monitors monitored monitoring track tracks tracked tracking follow-up follow-on watch
watched revisit revisited confirmation claim claimed gave term terms reconsider reconsidered repeat repeats
repeated rerun re- run restart restarted retest scheduled schedule unresolved accumulate accumulated accrue
accrued fraction fractions portion portions proportion proportions quantity quantities magnitude magnitudes
point-estimate numerically numerical quantitative judgement assessment evaluation read-out readout summary
picture context remark remarks detail details today now presently meantime hitherto thereafter afterwards
beforehand perform performs performed performing came statement statements puts actual actually divide
divides divided dividing foresee foresees foreseen fill satisfy satisfies collection allot allots allotted send
sends sent route routes routed naively unadjusted learn learns learned learnt deciding decides
advisable case cases news elsewhere historically exhibit exhibits exhibited experienced
experiences witnessed lands landed sits contrast push pushes pushed pushing drive drives drove brings obtained
summarised summarized concluding observing draw draws drawn drawing wholly or_more or_less at_all
of_all all_units all_arms
"""
_NEUTRAL: Final = frozenset(_FUNCTION.split()) | frozenset(_EXPERIMENTS.split())
_LEXICONS: Final = frozenset(
    word for name in dir(lexicon) if name.isupper() for word in getattr(lexicon, name) if word.isascii()
)

KNOWN: Final = _NEUTRAL | _LEXICONS | PHRASE_WORDS
"""All words and phrases that a text may have; some of them only where their rules allow it."""
SINGLE: Final = KNOWN | parts(KNOWN) | frozenset(word for words in PHRASES for word in words)
"""The same, with the single words of phrases."""
RISKY: Final = frozenset(
    word
    for words in (
        lexicon.UP,
        lexicon.DOWN,
        lexicon.BETTER,
        lexicon.WORSE,
        lexicon.UNCHANGED,
        lexicon.STRONG,
        lexicon.FORECAST,
        lexicon.SHIP,
        lexicon.ROLL_BACK,
        lexicon.TOP,
        lexicon.HEALTHY,
        lexicon.UNHEALTHY,
        lexicon.NEGATORS,
        lexicon.UNDECIDED,
    )
    for word in words
    if "_" not in word
)
"""Words that claim something: a name that has one of them is shown in quotes and has to be written as a slot."""

"""The words that say which way, how good, how sure, and what to do; phrases are joined by underscores."""

from typing import Final


def words(text: str) -> frozenset[str]:
    """Returns the words of a text as a set."""
    return frozenset(text.split())


UP: Final = words(
    """rise rises rose risen rising raise raises raised raising increase increases increased increasing higher up grow
    grows grew grown growing growth climb climbs climbed climbing lifts lifted lifting boost boosts boosted
    boosting greater exceed exceeds exceeded exceeding above surpass surpasses surpassed upward upwards gain
    gains gained gaining positive elevate elevates elevated went_up go_up goes_up going_up pushes_up pushed_up
    drives_up drove_up driven_up brings_up brought_up above_zero uplift uplifts uplifted upturn"""
)
DOWN: Final = words(
    """fall falls fell fallen falling drop drops dropped dropping decrease decreases decreased decreasing decline
    declines declined declining reduce reduces reduced reducing reduction reductions lower lowers lowered
    lowering down cut cuts cutting shrink shrinks shrank shrunk shrinking below shorten shortens shortened
    shortening shorter downward downwards smaller negative went_down go_down goes_down going_down came_down
    come_down brings_down brought_down dip dips dipped slump slumps slumped sink sinks sank sunk slip
    slips slipped slipping weaken weakens weakened weakening weaker diminish diminishes diminished lessen lessens
    lessened below_zero downturn"""
)
BETTER: Final = words(
    """better improve improves improved improving improvement improvements outperform outperforms outperformed
    outperforming beat beats beaten beating win wins won winning winner good benefit benefits benefited
    beneficial favourable favorable gain gains gained gaining ahead welcome positive positively success
    successful successfully helps helped favour favours favor favors upside superior
    desirable"""
)
WORSE: Final = words(
    """worse worsen worsens worsened worsening hurt hurts hurting harm harms harmed harming harmful degrade degrades
    degraded degrading degradation deteriorate deteriorates deteriorated deteriorating deterioration regress
    regresses regressed regressing regression regressions underperform underperforms underperformed
    underperforming lose loses lost losing loss losses trail trails trailed trailing lag lags lagged lagging
    behind bad badly negative negatively damage damages damaged damaging detrimental suffer suffers suffered
    suffering adverse unfavourable unfavorable wrong_direction unfortunate drag drags dragged dragging fail
    fails failed failing failure inferior disadvantage unwelcome undesirable undesired setback"""
)
UNCHANGED: Final = words(
    """unchanged same identical equal equals equally equivalent equivalence flat steady stable constant unaffected
    unmoved static par tie tied alike nothing none neutral indifferent similar similarly comparable"""
)
EFFECT: Final = words(
    """effect effects change changes changed changing difference differences impact impacts influence influences move
    moves moved moving movement shift shifts shifted differ differs affect affects affected"""
)
COMPARED_TO_OBJECT: Final = words(
    """beat beats beaten beating outperform outperforms outperformed outperforming underperform underperforms
    underperformed underperforming exceed exceeds exceeded exceeding surpass surpasses surpassed trail trails
    trailed trailing lag lags lagged lagging behind"""
)
REFERENCE: Final = COMPARED_TO_OBJECT | words("than vs versus against over compared_with relative_to above below from")

NEGATORS: Final = words(
    """no not never neither nor without cannot can't cant don't dont doesn't doesnt didn't didnt isn't isnt aren't
    arent wasn't wasnt weren't werent hasn't hasnt haven't havent hadn't won't wouldn't couldn't shouldn't
    hardly barely scarcely nobody nothing none unable less rather_than instead_of far_from lack lacks lacked
    lacking too_early too_few too_little too_small too_sparse too_thin insufficient absence fail_to fails_to failed_to
    failing_to"""
)
BREAKS: Final = words("but although though while whereas however yet except ; : . , ( )")
"""What ends the reach of a negator."""

STRONG: Final = words(
    """significant significantly significance clear clearly confirm confirms confirmed conclusive conclusively prove
    proves proved proven proof definite definitely certain certainly certainty established establish establishes
    reliable reliably solid strong strongly demonstrate demonstrates demonstrated evidence undoubtedly doubtless
    sure surely obvious obviously unambiguous unambiguously shown show shows showed found find detect detects
    detected detectable detectably measurable measurably conclude concluded excludes exclude robust robustly
    convincing convincingly real really truly indeed tell tells distinguish distinguishes distinguishable
    separate separates separated"""
)
ASSERTIVE: Final = STRONG - words(
    """found find detect detects detected detectable detectably measurable measurably tell tells shown show shows
    showed distinguish distinguishes distinguishable separate separates separated"""
)
"""Words that claim certainty, whatever they stand with."""
HEDGES: Final = words(
    """suggest suggests suggested suggesting suggestive may might could appear appears appeared seem seems seemed
    likely probably possible possibly perhaps tentative tentatively provisional provisionally plausibly
    presumably sign signs hint hints hinted indicate
    indicates indicated indication indications looks look looking preliminary so_far estimated potential
    potentially apparently"""
)
UNDECIDED: Final = words(
    "inconclusive uncertain unclear undecided undetermined unknown open unresolved includes_zero contains_zero "
    "insignificant insignificantly includes_no_change could_be_noise unsettled indeterminate unproven"
)
FORECAST: Final = words(
    """will would going_to always ever forever every everyone everybody everywhere guarantee guarantees guaranteed must
    bound inevitably soon tomorrow future eventually permanently expect expects expected predict predicts
    predicted anyone all"""
)
CAUSAL: Final = words(
    """because since due_to caused cause causes causing owing_to thanks_to driven led leads_to result_of why reason
    reasons explains explained attributable stems"""
)
FEELINGS: Final = words(
    """love loves loved hate hates hated like liked likes prefer prefers preferred preference confused confusing
    confusion frustrated frustrating happy happier satisfied annoyed annoying delighted feel feels felt enjoy
    enjoys enjoyed want wants wanted afraid anxious comfortable impatient"""
)

ENOUGH: Final = words(
    """enough sufficient sufficiently reached reaches reach met meets complete completed full fully powered adequate
    adequately adequately_powered more_than plenty large_enough as_planned well_powered exceeds exceeded
    attained"""
)
SHORT: Final = words(
    """more further additional another missing short shortage insufficient insufficiently underpowered too_few
    too_small too_little too_early too_sparse too_thin incomplete remain remains remaining lacks falls_short
    fall_short still_needs fewer"""
)
JUDGING: Final = words(
    "judge judged judging evaluate evaluated evaluating assess assessed compare compared say conclude concluded "
    "interpret interpreted decide decided determine determined tell"
)
HEALTHY: Final = words(
    """passed pass passes healthy sound fine balanced in_line as_planned as_intended as_expected match matches matched
    matching agree agrees consistent intact fresh complete trusted trustworthy ok okay clean plausible correct
    correctly stable no_concern"""
)
UNHEALTHY: Final = words(
    """fail fails failed failing failure mismatch mismatches mismatched imbalance imbalanced unbalanced broken problem
    problems warning warnings warned skew skewed deviate deviates deviated deviation deviates suspicious
    suspiciously implausible stale incomplete wrong off differ differs differed inconsistent untrustworthy
    surprising surprisingly unusual unusually drifted drifts drifting issue issues anomaly anomalous defect
    defects invalid contaminated violated in_doubt in_question doubtful questionable flawed faulty unplanned
    unintended"""
)
REASSURING: Final = words(
    """unbiased relied trust trusted trustworthy rely reliable reliably valid validly safe safely ignore ignored
    harmless fair
    fairly comparable accurate exact correct representative"""
)
CAUTIOUS: Final = words(
    """bias biased care careful carefully caution cautious cautiously misleading mislead misread limited limitation
    limitations overstate overstates overstated understate understates understated uncertain distort distorts
    distorted unreliable unfair biases biasing beware"""
)
ADAPTIVE: Final = words("adaptive adaptively adapted adapts adapting followed follows bandit reweighted")

TOP: Final = words("highest most_likely leads leading lead largest greatest top most likeliest")
BOTTOM: Final = words("lowest least_likely smallest least")
CHANCES: Final = words("probability chance chances likely likelihood most_likely least_likely likeliest odds")

SHIP: Final = words(
    """ship ships shipped shipping launch launches launched launching release releases released releasing roll_out
    rolls_out rolled_out rolling_out rollout adopt adopts adopted adopting deploy deploys deployed deploying
    promote promotes promoted promoting default go_ahead winner declare implement implemented
    replace replaces replaced replacing"""
)
ROLL_BACK: Final = words(
    """roll_back rolls_back rolled_back rolling_back rollback revert reverts reverted reverting return returns returned
    returning go_back going_back abandon abandoned undo restore restored restoring withdraw withdraws withdrawing
    withdrawn pull pulls pulled pulling reinstate reinstated
    remove removes removed removing"""
)
CONTINUE: Final = words(
    """continue continues continued continuing keep_running running run runs carry_on wait waiting extend extended
    extending proceed collect collecting go_on going_on keep_going more_data more_units resume"""
)
STOP: Final = words(
    """stop stops stopped stopping end ends ended ending close closes closed closing halt halted terminate terminates
    terminated terminating discontinue discontinued cease"""
)
INVESTIGATE: Final = words(
    """investigate investigates investigated investigating investigation check checks checked checking find_out fix
    fixed fixing understand understood examine examined inspect inspected look_into clarify clarified verify
    verified hold pause pauses paused pausing"""
)
WON: Final = words("won win wins winning successful successes success succeeded improved")
LOST: Final = words("lost lose loses losing losses failed failures worsened")

NUMBER_WORDS: Final = words(
    """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
    nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands million
    millions billion billions trillion dozen dozens half halves halve halved halving double doubles doubled
    doubling twice triple tripled triples tripling thrice treble quadruple quadrupled tenfold twofold threefold
    fold third thirds quarter quarters fifth fifths tenth tenths second seconds fourth sixth percent percentage
    percentages pct percents dollar dollars euro euros pound pounds cent cents usd eur gbp bps basis_points
    couple pair score majority minority one ones single zero nil naught nought yesterday today tonight monday
    tuesday wednesday thursday friday saturday sunday january february april june july august september october
    november december hour hours minute minutes month months year years decade"""
)
ALLOWED_NUMBER_PHRASES: Final = words(
    "includes_zero contains_zero excludes_zero above_zero below_zero planned_one planned_ones no_one"
)
"""Phrases in which a number word counts nothing."""

# English. Keys: what they are about, the part, the code.

credit-title = CREDIT OF DAYS (aftrek van dagen op het strafrestant)
credit-person = Person
credit-at = State on
credit-counted-to = Counted to
credit-counted-to-why = { $date }: today, or the death
credit-projection = PROJECTED: dates after today are counted as if nothing changes
credit-known = Known
credit-known-all = all that is recorded
credit-printed = Printed
credit-printed-at = { $instant }, with the log read up to position { $position }
credit-rules = Rules
credit-rules-version = { $id }, version { $version }; law as of { $asOf }
credit-clock = Times: the clock in Belgium (Europe/Brussels). A day is a civil date there, and counts once.
credit-decides-nothing = The ledger counts and shows its sources. It decides nothing.
credit-interned = An internment (internering) is recorded: it has no term, so none of its days can be credited.
credit-none = No modality is recorded up to this date: there is nothing to credit.
credit-findings-count = { $count ->
        [0] Findings: none.
        [one] Findings: 1, printed below. Read it before you use a figure.
       *[other] Findings: { $count }, printed below. Read them before you use a figure.
    }
credit-fill-in = TO FILL IN
credit-case-number = Case number
credit-second-check = Second check by, on
credit-same-figures = I get
credit-same-figures-boxes = [ ] the same figures   [ ] other figures:
credit-signature = Signature

modality-title = MODALITY { $code }: { $kind }
modality-outcome = Outcome
modality-days-under = Days under the modality
modality-days-treatment = Of these in treatment
modality-days-served = Served inside meanwhile
modality-window = Window
modality-window-dates = { $from } to { $to }
modality-window-empty = no date; it should have started on { $date }
modality-back = Back in prison
modality-back-none = not for this sentence, up to this date
modality-if-revoked = Figures
modality-if-revoked-on = as if revoked on { $date }, the day after the state

kind-limitedDetention = limited detention (beperkte detentie)
kind-electronicMonitoring = electronic monitoring (elektronisch toezicht)
kind-conditionalRelease = conditional release (voorwaardelijke invrijheidstelling)
kind-provisionalRelease = provisional release in view of removal or surrender (voorlopige invrijheidstelling)
kind-transitionHouse = transition house (transitiehuis)
kind-earlyRelease = early release (vervroegde invrijheidstelling)
kind-trialRelease = trial release (invrijheidstelling op proef)

outcome-notStarted = not started yet
outcome-revoked = revoked
outcome-deceased = the person died
outcome-ended = ended
outcome-replaced = replaced by a later modality
outcome-running = running
outcome-returned = back in prison, without a revocation on record

reading-none = nothing credited
reading-deduction = deduction of the days under the modality
reading-courtDecision = the court determines what is left
reading-fullResidential = treatment days in full

status-worstCase = WORST CASE
status-law = LAW
status-court = COURT DECIDES
status-proposal = PROPOSAL, NOT LAW

day-underModality = under the modality
day-inTreatment = in treatment
day-unauthorisedAbsence = absent from treatment without leave
day-closingDate = last day, not counted
day-served = served for this sentence
day-otherTitle = held under another title
day-unlawfullyAway = unlawfully away
day-suspended = suspended
day-atLarge = at large
day-outsideWindow = outside the window of the modality

basis-art68par5al1 = art. 68 par. 5 al. 1
basis-art68par5al2 = art. 68 par. 5 al. 2
basis-ministerial = ministerial decision
basis-internmentAct = act on internment

boundary-anyPart = anyPart: every date with any part of the stay counts, admission and closing date included
boundary-excludeLast = excludeLast: the closing date of each closed presence does not count
absence-wholeDates = wholeDates: an absence without leave takes the dates after its first and before its last
absence-nights = nights: an absence without leave takes every date from its first to the day before its last

mark-S = read in the source named
mark-C = read in a public repository
mark-K = general knowledge, not confirmed
mark-NF = searched for and not found
mark-ours = a choice of this project that nobody has confirmed
verified-by = verified by { $who }, on { $when }
verified-nobody = verified by nobody yet

status-no-rule = NO RULE FOUND for this kind: no reading is the law
unknown = unknown
days = { $count ->
        [one] 1 day
       *[other] { $count } days
    }
days-between = { $min } to { $max } days, as the court decides
month-days = { $count } days in a month of a sentence; years run date to date
end-open = no end can be told yet
end-not-reached = not reached
end-between = { $min } to { $max }, as the court decides

modality-remainder = Remainder at the start
column-reading = Reading
column-credited = credited
column-remaining = still to serve
column-end = end of sentence
reading-short-none = nothing credited
reading-short-deduction = days deducted
reading-short-courtDecision = as the court decides
reading-short-fullResidential = treatment in full

part-decisions = 1. DECISIONS ON THE MODALITY
part-remainder = 2. REMAINDER (strafrestant) as { $date } begins
part-day-book = 3. DAY BOOK: each date is one thing
part-reading = 4. READING, { $status }
part-findings = FINDINGS: they never change a figure
part-records = RECORDS READ, as they stand now
part-conventions = HOW WAS COUNTED

run-from = from
run-to = to
run-days = days
run-total = total
run-reason = what
runs-none = no date
day-book-totals = Together
records-named = records: { $names }
record-name = { $id } of { $source }
record-place = record { $position }: { $name }
record-corrected = corrected on { $on } by { $name }
record-annulled = ANNULLED on { $on } by { $name }: does not count
record-was = was: { $members }

decision-effective = with effect from { $date }
decision-judgment = judgment { $judgment }
decision-reason = reason: { $reason }
decision-final = final
decision-not-final = not final
decision-credits = credits { $count ->
        [one] 1 day
       *[other] { $count } days
    }
decision-leaves = leaves { $count ->
        [one] 1 day
       *[other] { $count } days
    } to serve
effect-decides = DECIDES the figure
effect-pending = PENDING: decides nothing yet
effect-superseded = superseded by a later decision
effect-annulled = without effect: the revocation was quashed
effect-notYet = its effect has not come
effect-repeated = granted before: the earliest grant counts

remainder-sentences = Sentences, one after the other
remainder-sentence = { $code } (judgment { $judgment }): { $years } years, { $months } months, { $days } days = { $length } days, { $from } to { $to }
remainder-registry-end = the registry has { $date }
remainder-of-sentence = of sentence { $code }
remainder-imputed = Imputed (toerekening), by date
remainder-detained = In prison before the modality
remainder-under-earlier = Under earlier modalities that count as served
remainder-undated = Imputed, without dates
remainder-calculated = Calculated
remainder-entered = Entered
remainder-effective = Counts

reading-article = Article
reading-source = Source
reading-decided-by = Decided by
reading-pending = Pending
reading-sum = Sum
reading-credited = Credited
reading-remaining = Still to serve
reading-from = To be served from
reading-unused = Unused
reading-end = End of sentence
reading-counted = Counted
reading-for-the-court = For the court to weigh
reading-excluded = Not counted
reading-cannot = CANNOT COMPUTE
reading-not-applicable = not asked: { $outcome }
sum-left = { $effective } at the start - { $served } served inside - { $credited } credited = { $left } still to serve
sum-never-below-zero = (never below zero)
sum-remainder = { $length } days of sentence - { $served } dates of the lists above together (a date counts once) - { $undated } imputed without dates = { $left }
missing-earlier = the remainder is needed on the grant: what the earlier modality { $code } is worth is the court's to say
missing-remainder = the remainder is needed on the grant, or a sentence
missing-erased = records were erased, so no figure can be given
missing-credited = the days credited: the remainder is not known
status-lawful = the law for this modality

type-detention-arrived = arrival in prison (opsluiting)
type-detention-transferred = transfer (overplaatsing)
type-detention-statusChanged = change of title (wijziging statuut)
type-detention-absenceStarted = absence from prison begins (afwezigheid)
type-detention-absenceEnded = absence from prison ends
type-detention-released = release (invrijheidstelling)
type-sentence-pronounced = sentence (veroordeling)
type-sentence-detentionImputed = imputation of pretrial detention (toerekening voorhechtenis)
type-modality-granted = granted (toekenning)
type-modality-suspended = suspended (schorsing)
type-modality-suspensionLifted = suspension lifted
type-modality-ended = ended (einde modaliteit)
type-modality-revoked = revoked (herroeping)
type-modality-restored = revocation quashed (vernietiging van de herroeping)
type-residential-admitted = admission to treatment (opname)
type-residential-absenceStarted = absence from treatment begins (afwezigheid)
type-residential-absenceEnded = absence from treatment ends
type-residential-completed = programme completed (programma voltooid)
type-residential-droppedOut = early end of the stay (voortijdige stopzetting)
type-residential-transferred = moved on to another house (doorstroom)
type-residential-attested = attest of stay (verblijfsattest)
type-drugFreeUnit-placed = placed in a unit (drugvrije afdeling)
type-drugFreeUnit-left = left the unit
type-housing-placed = housing (tussenhuis, beschut wonen)
type-housing-left = left the housing
type-death-recorded = death (overlijden)

value-admittedOn = admitted on
value-attestedDays = attested days
value-basis = basis
value-by = by
value-calculatedDays = calculated
value-chainEndsOn = the chain ends on
value-class = class
value-closedOn = closed on
value-code = code
value-count = number
value-date = date
value-dates = dates
value-days = days
value-decidedDays = days the court leaves
value-deductionDays = days the deduction leaves
value-diedOn = died on
value-effectiveDays = remainder
value-endedOn = ended on
value-endsOn = the registry has
value-enteredDays = entered
value-erasedAt = erased on
value-firstClosedOn = first closed on
value-firstOn = first on
value-firstStartedOn = first began on
value-from = from
value-insideSince = inside since
value-lessImputedEndsOn = less the imputed days
value-liesIn = lies in
value-modality = modality
value-modalityDays = days under the modality
value-on = on
value-openedOn = opened on
value-recordedDays = days by the records
value-revokedOn = revoked on
value-sentence = sentence
value-servedInsideDays = served inside
value-startedOn = began on
value-to = to

finding-absenceOverlap = Two absences of one presence overlap.
finding-absenceWithoutStay = An absence starts outside any presence of its stay; it has no effect.
finding-arrivalWithoutRelease = An arrival of someone whom an earlier record has inside already.
finding-arrivedAndReleasedAtOnce = Arrived and released in one instant; taken as arrived first.
finding-attestMismatch = An attest counts other days than the records do.
finding-beginningMissing = A record continues or ends what no record begins.
finding-closingWithoutStay = A closing ends no presence of its stay: perhaps it is dated before its admission.
finding-contradiction = A record contradicts the one before it.
finding-decisionMismatch = The court decided another figure than the deduction leaves.
finding-endMismatch = The registry's own end of the sentence is not the end of the chain.
finding-facilityClosed = A record names a place outside the dates on which it was open.
finding-formMismatch = A record has a form that its product does not have.
finding-idMeansTwoThings = Two senders began different things under one id.
finding-idReusedAcrossPersons = A record of another person has the same source and id.
finding-implausibleDose = An amount is out of range.
finding-imputationElsewhere = Days are imputed to a sentence that nobody pronounced; they do not count.
finding-imputationMismatch = The days imputed are not the number of their dates; they count by their number.
finding-imputationUndated = Days imputed without dates cannot be compared with dates served.
finding-imputedTwice = One imputation is recorded twice; it counts once.
finding-modalityGrantedTwice = One modality was granted twice; the earliest grant counts.
finding-modalityOverlap = A later modality cuts this one short.
finding-modalityWithoutRelease = In prison inside the window of a modality that is lived outside.
finding-otherTitle = Dates of the day book were in prison under another title: they are not served for this sentence.
finding-productMismatch = A record names a prescription of another product.
finding-recordAfterDeath = Records are dated after the death; they do not count.
finding-recordsErased = Records were erased; no figure counts them.
finding-releaseWithoutArrival = Released while not in prison; the release ends no detention.
finding-remainderMismatch = The remainder entered is not the one calculated; the entered one counts.
finding-replacementInvalid = A correction does not fit its type; it has no effect.
finding-returnNotRecorded = The modality was revoked, and no return to prison is recorded.
finding-sentenceOver = Days served and days under the modality reach the remainder: the sentence is over.
finding-sentencePronouncedTwice = One sentence was pronounced again with other content; the last one counts.
finding-stayClosedTwice = A stay was closed twice; the first closing counts.
finding-stayModalityMismatch = A stay names a modality in whose window none of its dates lies.
finding-stayNeverClosed = A stay was never closed; the next admission or arrival in prison ended it.
finding-stayOverlap = Two presences share dates; each date counts once.
finding-streamTampered = Somebody else wrote to the person’s stream in the cluster, or deleted it.
finding-suspensionOverAMonth = A suspension lasted longer than a month.
finding-targetElsewhere = A correction or annulment names a record of another person or type; it has no effect.
finding-targetErased = A correction or annulment names an erased record; it has no effect.
finding-unknownCode = A code of a prison, house or project that no register knows.
finding-unsetDate = A date before 1900: a system wrote a default where it knows no date.
finding-windowReopened = The modality went on after a detention.

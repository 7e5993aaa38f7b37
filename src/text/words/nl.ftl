# Nederlands. Sleutels: waarover, het deel, de code.

credit-title = AFTREK VAN DAGEN OP HET STRAFRESTANT
credit-person = Persoon
credit-at = Toestand op
credit-counted-to = Geteld tot en met
credit-counted-to-why = { $date }: vandaag, of het overlijden
credit-projection = VOORUITBEREKEND: dagen na vandaag tellen alsof er niets verandert
credit-known = Zoals bekend op
credit-known-all = alles wat geregistreerd is
credit-printed = Afgedrukt
credit-printed-at = { $instant }, met het register gelezen tot stuk { $position }
credit-rules = Regels
credit-rules-version = { $id }, versie { $version }; recht zoals op { $asOf }
credit-clock = Tijden: de klok in België (Europe/Brussels). Een dag is een kalenderdag daar, en telt één keer.
credit-decides-nothing = Het register telt en toont zijn bronnen. Het beslist niet.
credit-interned = Er is een internering geregistreerd: die heeft geen duur, dus is er geen dag van af te trekken.
credit-none = Tot deze dag is geen modaliteit geregistreerd: er is niets af te trekken.
credit-findings-count = { $count ->
        [0] Bevindingen: geen.
        [one] Bevindingen: 1, hieronder afgedrukt. Lees ze voor u een cijfer gebruikt.
       *[other] Bevindingen: { $count }, hieronder afgedrukt. Lees ze voor u een cijfer gebruikt.
    }
credit-fill-in = IN TE VULLEN
credit-case-number = Zaaknummer
credit-second-check = Tweede controle door, op
credit-same-figures = Ik kom aan
credit-same-figures-boxes = [ ] dezelfde cijfers   [ ] andere cijfers:
credit-signature = Handtekening

modality-title = MODALITEIT { $code }: { $kind }
modality-outcome = Uitkomst
modality-days-under = Dagen onder de modaliteit
modality-days-treatment = Daarvan in behandeling
modality-days-served = Intussen uitgezeten
modality-window = Periode
modality-window-dates = { $from } tot en met { $to }
modality-window-empty = geen dag; ze moest beginnen op { $date }
modality-back = Terug in de gevangenis
modality-back-none = nog niet voor deze straf
modality-if-revoked = Cijfers
modality-if-revoked-on = alsof herroepen op { $date }, de dag na de toestand

kind-limitedDetention = beperkte detentie
kind-electronicMonitoring = elektronisch toezicht
kind-conditionalRelease = voorwaardelijke invrijheidstelling
kind-provisionalRelease = voorlopige invrijheidstelling met het oog op verwijdering of overlevering
kind-transitionHouse = transitiehuis
kind-earlyRelease = vervroegde invrijheidstelling
kind-trialRelease = invrijheidstelling op proef

outcome-notStarted = nog niet begonnen
outcome-revoked = herroepen
outcome-deceased = de persoon is overleden
outcome-ended = beëindigd
outcome-replaced = vervangen door een latere modaliteit
outcome-running = loopt nog
outcome-returned = terug in de gevangenis, zonder geregistreerde herroeping

reading-none = niets afgetrokken
reading-deduction = aftrek van de dagen onder de modaliteit
reading-courtDecision = de rechter bepaalt wat overblijft
reading-fullResidential = behandelingsdagen volledig

status-worstCase = SLECHTSTE GEVAL
status-law = WET
status-court = RECHTER BESLIST
status-proposal = VOORSTEL, GEEN WET

day-underModality = onder de modaliteit
day-inTreatment = in behandeling
day-unauthorisedAbsence = ongeoorloofd afwezig uit behandeling
day-closingDate = laatste dag, niet geteld
day-served = uitgezeten voor deze straf
day-otherTitle = opgesloten onder een andere titel
day-unlawfullyAway = onrechtmatig weg
day-suspended = geschorst
day-atLarge = in vrijheid, buiten de modaliteit
day-outsideWindow = buiten de periode van de modaliteit

basis-art68par5al1 = art. 68 §5, eerste lid
basis-art68par5al2 = art. 68 §5, tweede lid
basis-ministerial = ministeriële beslissing
basis-internmentAct = interneringswet

boundary-anyPart = anyPart: elke dag met een deel van het verblijf telt, ook de dag van opname en de dag van vertrek
boundary-excludeLast = excludeLast: de dag waarop een verblijf werd afgesloten telt niet
absence-wholeDates = wholeDates: een ongeoorloofde afwezigheid neemt de dagen na haar eerste en voor haar laatste
absence-nights = nights: een ongeoorloofde afwezigheid neemt elke dag van haar eerste tot de dag voor haar laatste

mark-S = gelezen in de genoemde bron
mark-C = gelezen in een openbare codeverzameling
mark-K = algemene kennis, niet bevestigd
mark-NF = gezocht en niet gevonden
mark-ours = een keuze van dit project, door niemand bevestigd
verified-by = nagekeken door { $who }, op { $when }
verified-nobody = nagekeken door nog niemand

status-no-rule = GEEN REGEL GEVONDEN voor deze soort: geen enkele lezing is de wet
unknown = onbekend
days = { $count ->
        [one] 1 dag
       *[other] { $count } dagen
    }
days-between = { $min } tot { $max } dagen, zoals de rechter beslist
month-days = { $count } dagen in een maand straf; jaren lopen van datum tot datum
end-open = nog geen einde te noemen
end-not-reached = niet bereikt
end-between = { $min } tot { $max }, zoals de rechter beslist

modality-remainder = Strafrestant bij begin
column-reading = Lezing
column-credited = afgetrokken
column-remaining = te ondergaan
column-end = strafeinde
reading-short-none = niets afgetrokken
reading-short-deduction = dagen afgetrokken
reading-short-courtDecision = wat de rechter beslist
reading-short-fullResidential = behandeling volledig

part-decisions = 1. BESLISSINGEN OVER DE MODALITEIT
part-remainder = 2. STRAFRESTANT bij het begin van { $date }
part-day-book = 3. DAGBOEK: elke dag is één ding
part-reading = 4. LEZING, { $status }
part-findings = BEVINDINGEN: ze veranderen nooit een cijfer
part-records = GELEZEN STUKKEN, zoals ze nu staan
part-conventions = HOE GETELD WERD

run-from = van
run-to = tot
run-days = dagen
run-total = samen
run-reason = wat
runs-none = geen dag
day-book-totals = Samen
records-named = stukken: { $names }
record-name = { $id } van { $source }
record-place = stuk { $position }: { $name }
record-corrected = rechtgezet op { $on } door { $name }
record-annulled = INGETROKKEN op { $on } door { $name }: telt niet
record-was = eerst geregistreerd: { $members }

decision-effective = met ingang van { $date }
decision-judgment = vonnis { $judgment }
decision-reason = reden: { $reason }
decision-final = definitief
decision-not-final = niet definitief
decision-credits = trekt { $count ->
        [one] 1 dag
       *[other] { $count } dagen
    } af
decision-leaves = laat { $count ->
        [one] 1 dag
       *[other] { $count } dagen
    } te ondergaan
effect-decides = BESLIST het cijfer
effect-pending = HANGENDE: beslist nog niets
effect-superseded = vervangen door een latere beslissing
effect-annulled = zonder gevolg: de herroeping is vernietigd
effect-notYet = de ingang is nog niet gekomen
effect-repeated = al eerder toegekend: de eerste toekenning telt

remainder-sentences = Straffen, de een na de ander
remainder-sentence = { $code } (vonnis { $judgment }): { $years } jaar, { $months } maanden, { $days } dagen = { $length } dagen, { $from } tot { $to }
remainder-registry-end = de griffie heeft { $date }
remainder-of-sentence = van straf { $code }
remainder-imputed = Toegerekend, met data
remainder-detained = In de gevangenis voor de modaliteit
remainder-under-earlier = Onder eerdere modaliteiten die als uitgezeten tellen
remainder-undated = Toegerekend, zonder data
remainder-calculated = Berekend
remainder-entered = Ingevoerd
remainder-effective = Telt

reading-article = Artikel
reading-source = Bron
reading-decided-by = Beslist door
reading-pending = Hangende
reading-sum = Som
reading-credited = Afgetrokken
reading-remaining = Nog te ondergaan
reading-from = Te ondergaan vanaf
reading-unused = Niet gebruikt
reading-end = Strafeinde
reading-counted = Geteld
reading-for-the-court = Voor de rechter, om af te wegen
reading-excluded = Niet geteld
reading-cannot = NIET TE BEREKENEN
reading-not-applicable = niet gevraagd: { $outcome }
sum-left = { $effective } bij het begin - { $served } intussen uitgezeten - { $credited } afgetrokken = { $left } nog te ondergaan
sum-never-below-zero = (nooit onder nul)
sum-remainder = { $length } dagen straf - { $served } dagen van de lijsten hierboven samen (een dag telt één keer) - { $undated } toegerekend zonder data = { $left }
missing-earlier = het strafrestant is nodig op de toekenning: wat de eerdere modaliteit { $code } waard is, zegt de rechter
missing-remainder = het strafrestant op de toekenning is nodig, of een straf
missing-erased = stukken zijn gewist, dus is er geen cijfer te geven
missing-credited = de dagen die afgetrokken worden: het strafrestant is niet bekend
status-lawful = de wet voor deze modaliteit

type-detention-arrived = opsluiting
type-detention-transferred = overplaatsing
type-detention-statusChanged = wijziging statuut
type-detention-absenceStarted = begin afwezigheid uit de gevangenis
type-detention-absenceEnded = einde afwezigheid uit de gevangenis
type-detention-released = invrijheidstelling
type-sentence-pronounced = veroordeling
type-sentence-detentionImputed = toerekening voorhechtenis
type-modality-granted = toekenning modaliteit
type-modality-suspended = schorsing
type-modality-suspensionLifted = opheffing van de schorsing
type-modality-ended = einde modaliteit
type-modality-revoked = herroeping
type-modality-restored = vernietiging van de herroeping
type-residential-admitted = opname in behandeling
type-residential-absenceStarted = begin afwezigheid uit behandeling
type-residential-absenceEnded = einde afwezigheid uit behandeling
type-residential-completed = programma voltooid
type-residential-droppedOut = voortijdige stopzetting
type-residential-transferred = doorstroom
type-residential-attested = verblijfsattest
type-drugFreeUnit-placed = plaatsing op een afdeling (drugvrije afdeling)
type-drugFreeUnit-left = vertrek van de afdeling
type-housing-placed = tussenhuis of beschut wonen
type-housing-left = vertrek uit tussenhuis of beschut wonen
type-death-recorded = overlijden

value-admittedOn = opgenomen op
value-attestedDays = geattesteerde dagen
value-basis = grondslag
value-by = door
value-calculatedDays = berekend
value-chainEndsOn = de keten eindigt op
value-class = klasse
value-closedOn = afgesloten op
value-code = code
value-count = aantal
value-date = datum
value-dates = data
value-days = dagen
value-decidedDays = dagen die de rechter laat
value-deductionDays = dagen die de aftrek laat
value-diedOn = overleden op
value-effectiveDays = strafrestant
value-endedOn = beëindigd op
value-endsOn = de griffie heeft
value-enteredDays = ingevoerd
value-erasedAt = gewist op
value-firstClosedOn = eerst afgesloten op
value-firstOn = eerst op
value-firstStartedOn = eerst begonnen op
value-from = van
value-insideSince = binnen sinds
value-lessImputedEndsOn = min de toegerekende dagen
value-liesIn = valt in
value-modality = modaliteit
value-modalityDays = dagen onder de modaliteit
value-on = op
value-openedOn = geopend op
value-recordedDays = dagen volgens de stukken
value-revokedOn = herroepen op
value-sentence = straf
value-servedInsideDays = intussen uitgezeten
value-startedOn = begonnen op
value-to = tot

finding-absenceOverlap = Twee afwezigheden van één verblijf overlappen.
finding-absenceWithoutStay = Een afwezigheid begint buiten elk verblijf; ze heeft geen gevolg.
finding-arrivalWithoutRelease = Opsluiting van iemand die volgens een eerder stuk al binnen is.
finding-arrivedAndReleasedAtOnce = Opgesloten en vrijgelaten op hetzelfde ogenblik; de opsluiting is eerst genomen.
finding-attestMismatch = Een verblijfsattest telt andere dagen dan de stukken.
finding-beginningMissing = Een stuk zet iets voort of beëindigt iets waarvan geen begin geregistreerd is.
finding-closingWithoutStay = Een einde sluit geen verblijf af: misschien is het gedateerd voor de opname.
finding-contradiction = Een stuk spreekt het vorige tegen.
finding-decisionMismatch = De rechter besliste een ander cijfer dan de aftrek overlaat.
finding-endMismatch = Het strafeinde van de griffie is niet het einde van de aaneengesloten straffen.
finding-facilityClosed = Een stuk noemt een plaats buiten de tijd waarin die open was.
finding-formMismatch = Een stuk noemt een vorm die het product niet heeft.
finding-idMeansTwoThings = Twee afzenders begonnen iets anders onder hetzelfde kenmerk.
finding-idReusedAcrossPersons = Een stuk van iemand anders heeft dezelfde afzender en hetzelfde kenmerk.
finding-implausibleDose = Een hoeveelheid ligt buiten de grenzen.
finding-imputationElsewhere = Dagen zijn toegerekend op een straf die niemand uitsprak; ze tellen niet.
finding-imputationMismatch = De toegerekende dagen zijn niet het aantal van hun data; ze tellen volgens hun aantal.
finding-imputationUndated = Dagen toegerekend zonder data zijn niet te vergelijken met uitgezeten dagen.
finding-imputedTwice = Eén toerekening staat twee keer geregistreerd; ze telt één keer.
finding-modalityGrantedTwice = Eén modaliteit is twee keer toegekend; de eerste toekenning telt.
finding-modalityOverlap = Een latere modaliteit kort deze in.
finding-modalityWithoutRelease = In de gevangenis binnen de periode van een modaliteit die buiten wordt beleefd.
finding-otherTitle = Dagen in de gevangenis onder een andere titel: ze zijn niet uitgezeten voor deze straf.
finding-productMismatch = Een stuk noemt een voorschrift van een ander product.
finding-recordAfterDeath = Stukken zijn gedateerd na het overlijden; ze tellen niet.
finding-recordsErased = Stukken zijn gewist; geen enkel cijfer telt ze.
finding-releaseWithoutArrival = Vrijgelaten terwijl de persoon niet in de gevangenis was; er eindigt geen detentie.
finding-remainderMismatch = Het ingevoerde strafrestant is niet het berekende; het ingevoerde telt.
finding-replacementInvalid = Een rechtzetting past niet bij haar soort; ze heeft geen gevolg.
finding-returnNotRecorded = De modaliteit is herroepen, en geen wederopsluiting is geregistreerd.
finding-sentenceOver = Uitgezeten dagen en dagen onder de modaliteit bereiken het strafrestant: de straf is om.
finding-sentencePronouncedTwice = Eén straf is opnieuw uitgesproken met andere inhoud; de laatste telt.
finding-stayClosedTwice = Een verblijf is twee keer afgesloten; het eerste einde telt.
finding-stayModalityMismatch = Een verblijf noemt een modaliteit in wier periode geen van zijn dagen valt.
finding-stayNeverClosed = Een verblijf is nooit afgesloten; de volgende opname of opsluiting beëindigde het.
finding-stayOverlap = Twee verblijven delen dagen; elke dag telt één keer.
finding-streamTampered = Iemand anders heeft in de reeks van deze persoon in de cluster geschreven, of heeft ze gewist.
finding-suspensionOverAMonth = Een schorsing duurde langer dan een maand.
finding-targetElsewhere = Een rechtzetting of intrekking noemt een stuk van iemand anders of een andere soort; ze heeft geen gevolg.
finding-targetErased = Een rechtzetting of intrekking noemt een gewist stuk; ze heeft geen gevolg.
finding-unknownCode = Een code van een gevangenis, huis of project die geen register kent.
finding-unsetDate = Een datum voor 1900: een systeem schreef een standaardwaarde waar het geen datum kent.
finding-windowReopened = De modaliteit ging verder na een opsluiting.

rule-none = Geen enkele dag onder de modaliteit of in behandeling gaat van het strafrestant af: het slechtste geval. Na herroeping van een voorwaardelijke invrijheidstelling kan de rechter het hele restant laten ondergaan.
rule-deduction = Na herroeping van beperkte detentie of elektronisch toezicht wordt de tijd eronder afgetrokken van het strafrestant zoals het was bij de toekenning.
rule-courtDecision = Na herroeping van een voorwaardelijke invrijheidstelling, of van een voorlopige invrijheidstelling met het oog op verwijdering of overlevering, bepaalt de rechter wat nog te ondergaan is. Zolang hij dat niet deed, staat hier enkel een marge.
rule-fullResidential = De tijd in residentiële behandeling wordt volledig afgetrokken van wat nog te ondergaan is. Een werkgroep vraagt dit; er is geen wet of wetsvoorstel gevonden dat dit doet.
rule-dayBook = Vanaf het begin van een modaliteit is elke dag één van zes dingen: onder de modaliteit, uitgezeten, opgesloten onder een andere titel, onrechtmatig weg, geschorst, of in vrijheid.
rule-servedInside = Een dag in de gevangenis voor deze straf terwijl de modaliteit loopt, is uitgezeten: hij gaat af van wat nog te ondergaan is, en wordt geen tweede keer afgetrokken.
rule-title = Een dag in de gevangenis is uitgezeten voor deze straf als de titel een veroordeling is. Een opsluiting die na het begin van de modaliteit onder een andere titel begon, telt pas mee vanaf een schorsing of vanaf de ingang van een herroeping. Toegerekende dagen in de gevangenis zijn uitgezeten, wat hun titel ook is.
rule-imputation = Voor de eerste modaliteit telt opsluiting onder elke titel mee voor de straffen. Toegerekende dagen en dagen in de gevangenis tellen één keer; een toerekening zonder data telt met haar aantal.
rule-unlawfulAbsence = De dagen die helemaal binnen een ontvluchting, een niet-terugkeer of een strafonderbreking vallen, zijn noch onder een modaliteit noch uitgezeten.
rule-reopening = Een terugkeer naar de gevangenis sluit de lopende reeks van een modaliteit die buiten wordt beleefd; de volgende invrijheidstelling opent ze weer, tenzij de reden strafeinde, verwijdering, overlijden of een andere modaliteit is.
rule-dayOfRelease = De dag van de invrijheidstelling hoort bij de modaliteit, de dag van de terugkeer bij de gevangenis.
rule-livedInside = Onder beperkte detentie en in een transitiehuis slaapt de persoon in de instelling: de dagen in de gevangenis zijn dagen onder de modaliteit.
rule-transitionHouse = De dagen in een transitiehuis worden afgetrokken zoals die van beperkte detentie.
rule-earlierModalities = Dagen onder een eerdere beperkte detentie, elektronisch toezicht of transitiehuis zijn uitgezeten. Wat een eerdere invrijheidstelling waard was, zegt de rechter: het restant daarna wordt niet berekend, tenzij die voorgoed eindigde.
rule-closedSentences = Een definitieve invrijheidstelling, of het einde van een modaliteit voorgoed, sluit de straffen die ervoor zijn uitgesproken; ze tellen voor geen latere modaliteit.
rule-neverClosedStay = Een verblijf dat geen stuk afsluit, eindigt met de volgende opname of opsluiting. Een geregistreerd einde heeft het laatste woord.
rule-earlyRelease = Voor vervroegde invrijheidstelling en invrijheidstelling op proef is geen regel gevonden: enkel de dagen staan hier, en het cijfer van een rechter zodra er een is.

rule-article-none = geen
rule-article-deduction = art. 68 §5, eerste lid, wet van 17 mei 2006 (externe rechtspositie)
rule-article-courtDecision = art. 68 §5, tweede lid, wet van 17 mei 2006 (externe rechtspositie)
rule-article-fullResidential = voorstel om art. 68 §5 van de wet van 17 mei 2006 te wijzigen

rule-source-none = Cass. 29 maart 2011, P.11.0452.N, over het ondergaan van het hele restant
rule-source-deduction = aangehaald in Cass. 18 april 2018, P.18.0383.F; de wet zelf is niet gelezen
rule-source-courtDecision = begin van het lid in Cass. 18 april 2018, P.18.0383.F; Cass. 19 december 2012, P.12.1931.F
rule-source-fullResidential = nota van de werkgroep 'Re-integratie van problematische druggebruikers tijdens en na detentie', 2.2 en eindnoot vi
rule-source-boundary = geen Belgische tekst gevonden over de eerste en de laatste dag; de keuze is van ons
rule-source-absence = geen Belgische tekst gevonden over afwezigheid uit behandeling; de keuze is van ons
rule-source-monthDays = oud Strafwetboek, art. 25, uit het geheugen; de opvolger in het wetboek van kracht sinds 8 april 2026 is niet gevonden
rule-source-dayBook = de dag is de eenheid (handboek Strafberekening, 2021, inhoudstafel)
rule-source-servedInside = geen tekst gevonden over dagen in de gevangenis tussen twee reeksen van een modaliteit
rule-source-title = geen tekst gevonden over de titel van elke dag in de gevangenis
rule-source-imputation = art. 30 Strafwetboek, zoals gewijzigd door de wet van 25 december 2016, samenvatting op elfri.be
rule-source-unlawfulAbsence = strafonderbreking: artikels 15 en volgende van de wet van 17 mei 2006, uit een samenvatting; de rest is niet gevonden
rule-source-reopening = geen tekst gevonden over een terugkeer zonder beslissing
rule-source-dayOfRelease = geen tekst gevonden over de eerste en de laatste dag
rule-source-livedInside = algemene kennis van beide regimes
rule-source-transitionHouse = geen tekst gevonden over de herroeping van een plaatsing in een transitiehuis
rule-source-earlierModalities = rapport van het NICC: een dag elektronisch toezicht telt als een dag hechtenis, een dag voorwaardelijke invrijheidstelling niet altijd; de rest is van ons
rule-source-closedSentences = geen tekst gevonden
rule-source-neverClosedStay = geen tekst gevonden
rule-source-earlyRelease = geen tekst gevonden over de herroeping van een van beide

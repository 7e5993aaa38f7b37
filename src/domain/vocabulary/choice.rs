//! The closed lists of the vocabulary. The validator refuses a value outside them.
//! Always: the spelling is that of the JSON Schemas; a new value needs a new schema version.

use crate::domain::choices::choices;

choices! {
    /// The legal title under which a person is held.
    LegalStatus:
        Pretrial = "pretrial", Convicted = "convicted", Interned = "interned", Other = "other"
}

choices! {
    /// Why a person arrives in prison.
    ArrivalReason:
        New = "new", Recall = "recall", Return = "return"
}

choices! {
    /// Why a detained person is away from the prison.
    AbsenceKind:
        Leave = "leave", ExtendedLeave = "extendedLeave", Court = "court", Hospital = "hospital",
        Escape = "escape", FailureToReturn = "failureToReturn",
        SentenceInterruption = "sentenceInterruption"
}

choices! {
    /// Why a person is released.
    ReleaseReason:
        SentenceEnd = "sentenceEnd", ConditionalRelease = "conditionalRelease",
        ProvisionalRelease = "provisionalRelease", ElectronicMonitoring = "electronicMonitoring",
        LimitedDetention = "limitedDetention", PretrialLifted = "pretrialLifted",
        Acquittal = "acquittal", Removal = "removal", Death = "death", Other = "other",
        TransitionHouse = "transitionHouse", EarlyRelease = "earlyRelease",
        TrialRelease = "trialRelease"
}

choices! {
    /// How a sentence is executed outside the ordinary regime.
    ModalityKind:
        LimitedDetention = "limitedDetention", ElectronicMonitoring = "electronicMonitoring",
        ConditionalRelease = "conditionalRelease", ProvisionalRelease = "provisionalRelease",
        TransitionHouse = "transitionHouse", EarlyRelease = "earlyRelease",
        TrialRelease = "trialRelease"
}

choices! {
    /// The basis of a revocation: art. 68 par. 5 al. 1 or al. 2 of the Act of 17 May 2006, a
    /// decision of the minister, or the act on internment.
    RevocationBasis:
        Art68par5al1 = "art68par5al1", Art68par5al2 = "art68par5al2",
        Ministerial = "ministerial", InternmentAct = "internmentAct"
}

choices! {
    /// The party that ended a stay early.
    Initiative:
        Resident = "resident", Facility = "facility"
}

choices! {
    /// The product of a substitution.
    Product:
        Methadone = "methadone", Buprenorphine = "buprenorphine",
        BuprenorphineNaloxone = "buprenorphineNaloxone"
}

choices! {
    /// How the product is given.
    Formulation:
        OralSolution = "oralSolution", Sublingual = "sublingual", DepotWeekly = "depotWeekly",
        DepotMonthly = "depotMonthly"
}

choices! {
    /// The goal of a prescription.
    Goal:
        Maintenance = "maintenance", Detoxification = "detoxification"
}

choices! {
    /// Where care is given.
    Setting:
        Prison = "prison", Community = "community", Residential = "residential"
}

choices! {
    /// Why a due dose was not given.
    WithheldReason:
        Refused = "refused", NoShow = "noShow", CourtTransfer = "courtTransfer",
        Intoxicated = "intoxicated", Stock = "stock", Strike = "strike",
        StaffShortage = "staffShortage", Lockdown = "lockdown", ClinicalHold = "clinicalHold"
}

choices! {
    /// The party that asked for a change of dose.
    InitiatedBy:
        Client = "client", Prescriber = "prescriber"
}

choices! {
    /// Why substitution ended.
    StopReason:
        Planned = "planned", Client = "client", Forced = "forced", Transfer = "transfer",
        Release = "release", Death = "death"
}

choices! {
    /// Why planned care did not take place.
    NotDeliveredCause:
        Strike = "strike", StaffShortage = "staffShortage", RoomShortage = "roomShortage",
        Lockdown = "lockdown", Transfer = "transfer", Client = "client"
}

choices! {
    /// The care that did not take place.
    Service:
        Substitution = "substitution", Session = "session", Consultation = "consultation",
        Intake = "intake"
}

choices! {
    /// The kind of a programme.
    ProgrammeKind:
        ShortIntervention = "shortIntervention", DrugFreeUnit = "drugFreeUnit",
        PrisonTherapeuticCommunity = "prisonTherapeuticCommunity", Ambulatory = "ambulatory",
        Other = "other"
}

choices! {
    /// On what ground a person may take part in a programme.
    Eligibility:
        Pretrial = "pretrial", Sentence12MonthsOrLess = "sentence12MonthsOrLess", Other = "other"
}

choices! {
    /// With whom a session is held.
    SessionForm:
        Individual = "individual", Group = "group", Peer = "peer"
}

choices! {
    /// A part of a re-integration plan.
    LifeDomain:
        Treatment = "treatment", Housing = "housing", Income = "income", Daytime = "daytime",
        Health = "health", Network = "network", RelapsePrevention = "relapsePrevention"
}

choices! {
    /// The kind of supported housing.
    HousingKind:
        HalfwayHouse = "halfwayHouse", ShelteredLiving = "shelteredLiving"
}

choices! {
    /// Where an overdose happened.
    OverdosePlace:
        Prison = "prison", Community = "community"
}

choices! {
    /// The scope of a consent.
    ConsentScope:
        ClinicalToLegal = "clinicalToLegal", Research = "research"
}

choices! {
    /// Why a record must not count.
    AnnulmentReason:
        WrongPerson = "wrongPerson", Duplicate = "duplicate", NotOccurred = "notOccurred"
}

choices! {
    /// What moves a person to seek help.
    Motivation:
        Internal = "internal", External = "external", Mixed = "mixed"
}

choices! {
    /// The legal pressure under which a treatment starts.
    LegalPressure:
        Voluntary = "voluntary", PretrialAlternative = "pretrialAlternative",
        Condition = "condition"
}

choices! {
    /// The kind of unit in which a detained person is placed.
    UnitKind:
        DrugFreeUnit = "drugFreeUnit", TherapeuticCommunity = "therapeuticCommunity",
        DrugFreePrison = "drugFreePrison"
}

choices! {
    /// How a multidisciplinary consultation is paid.
    ConsultationFinancing:
        Mdo = "mdo", Unpaid = "none", Other = "other"
}

choices! {
    /// The group of causes of a death.
    CauseGroup:
        DrugRelated = "drugRelated", Suicide = "suicide", Natural = "natural",
        Accident = "accident", Other = "other", Unknown = "unknown"
}

choices! {
    /// When in the care a person is measured.
    MeasuredMoment:
        Start = "start", During = "during", End = "end", FollowUp = "followUp"
}

choices! {
    /// The period about which use of substances is reported.
    UsePeriod:
        BeforeDetention = "beforeDetention", InDetention = "inDetention",
        AfterRelease = "afterRelease"
}

choices! {
    /// How use of substances is known.
    UseBasis:
        SelfReport = "selfReport", Test = "test", Observation = "observation"
}

choices! {
    /// In what capacity a person is insured.
    InsuranceCapacity:
        Ordinary = "ordinary", Detainee = "detainee", NotInsured = "none"
}

choices! {
    /// The sex of a person.
    Sex:
        Female = "female", Male = "male", Other = "other"
}

choices! {
    /// What disrupted a facility.
    DisruptionCause:
        Strike = "strike", StaffShortage = "staffShortage", RoomShortage = "roomShortage",
        Overcrowding = "overcrowding", Lockdown = "lockdown"
}

choices! {
    /// Whether a project is paid as a trial or for good.
    FundingKind:
        Trial = "trial", Structural = "structural"
}

choices! {
    /// The question of an evaluation of a project: how the project works, or what it brings about.
    EvaluationKind:
        Process = "process", Effect = "effect"
}

choices! {
    /// The result of an evaluation of a project.
    EvaluationOutcome:
        Positive = "positive", Negative = "negative", Mixed = "mixed"
}

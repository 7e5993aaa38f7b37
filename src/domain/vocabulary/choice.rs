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
        Escape = "escape", FailureToReturn = "failureToReturn"
}

choices! {
    /// Why a person is released.
    ReleaseReason:
        SentenceEnd = "sentenceEnd", ConditionalRelease = "conditionalRelease",
        ProvisionalRelease = "provisionalRelease", ElectronicMonitoring = "electronicMonitoring",
        LimitedDetention = "limitedDetention", PretrialLifted = "pretrialLifted",
        Acquittal = "acquittal", Removal = "removal", Death = "death", Other = "other"
}

choices! {
    /// How a sentence is executed outside the ordinary regime.
    ModalityKind:
        LimitedDetention = "limitedDetention", ElectronicMonitoring = "electronicMonitoring",
        ConditionalRelease = "conditionalRelease", ProvisionalRelease = "provisionalRelease",
        TransitionHouse = "transitionHouse"
}

choices! {
    /// The basis of a revocation: art. 68 par. 5 al. 1 or al. 2 of the Act of 17 May 2006.
    RevocationBasis:
        Art68par5al1 = "art68par5al1", Art68par5al2 = "art68par5al2"
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
        Treatment = "treatment", Housing = "housing", Income = "income", Daytime = "daytime"
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

//! Rates of all other care.

use crate::simulate::rate::Rate;

/// Screened on arrival: invented.
pub const SCREENED: Rate = Rate::percent(82);
/// A problem user is spoken to by the referral point: invented.
pub const ORIENTED: Rate = Rate::percent(60);
/// And referred: invented.
pub const REFERRED: Rate = Rate::percent(65);
/// A referral is answered: invented.
pub const ANSWERED: Rate = Rate::percent(88);
/// An answer is yes: invented.
pub const ACCEPTED: Rate = Rate::percent(78);
/// Treatment inside starts after a yes: invented.
pub const TREATED_INSIDE: Rate = Rate::percent(45);
/// Takes part in a short intervention where there is one, after the referral: invented.
pub const SHORT_INTERVENTION: Rate = Rate::percent(40);
/// Sessions of the short intervention, over 4 weeks (the working group's note, 2.1).
pub const SHORT_SESSIONS: u32 = 20;
/// Sessions attended that make it completed; the seed leaves the count open: invented.
pub const SHORT_SESSIONS_MIN: u32 = 12;
/// Days of B.Leave: 8 months (sources B1).
pub const LONG_PROGRAMME_DAYS: i32 = 240;
/// Planned sessions of B.Leave, two a week: invented.
pub const LONG_SESSIONS: u32 = 68;
/// Goes to Ruiselede for the long programme, of problem users with time enough: invented. For
/// 2025 see `B_LEAVE_2025`.
pub const LONG_PROGRAMME: Rate = Rate::percent(12);
/// Leaves a programme before its end, a session: invented.
pub const PROGRAMME_LEFT: Rate = Rate::per_mille(9);
/// A session does not take place, by cause: staffShortage, roomShortage, lockdown, client. Named as
/// challenges (slides, 2026), weights invented.
pub const SESSION_CAUSES: [u32; 4] = [30, 25, 8, 37];
/// A session does not take place though there is no strike: invented. A given life loses at most
/// five.
pub const SESSION_LOST: Rate = Rate::percent(9);
/// Placed on the drug-free unit where there is one: invented; about 130 places at Hasselt.
pub const DRUG_FREE_UNIT: Rate = Rate::percent(30);
/// A consultation is held about a problem user, a detention: invented.
pub const CONSULTED: Rate = Rate::percent(45);
/// A release is prepared, of problem users: invented.
pub const RELEASE_PREPARED: Rate = Rate::percent(65);
/// With an insurance certificate (sources C2: yes in Belgium); share invented.
pub const INSURED: Rate = Rate::percent(85);
/// With naloxone: England 17 %, Belgium none in 2021 (sources C2), later unknown: invented.
pub const NALOXONE: Rate = Rate::percent(6);
/// Starts structured treatment within 21 days of release: England 34.5 % (2019/20, Public Health
/// Outcomes Framework C20).
pub const ENGAGED_21_DAYS: Rate = Rate(34_500);
/// Starts later: invented.
pub const ENGAGED_LATER: Rate = Rate::percent(20);
/// Gives consent to share attested days with legal readers, or for research: invented.
pub const CONSENTS: Rate = Rate::percent(40);
/// Withdraws it: invented.
pub const CONSENT_WITHDRAWN: Rate = Rate::percent(12);

// The description of the person, and the care before the detention.

/// The care team describes the person on the first arrival: invented.
pub const DESCRIBED: Rate = Rate::percent(60);
/// Female : male : other; invented, no source on sex was read.
pub const SEXES: [u32; 3] = [45, 950, 5];
/// Decade of birth with weights: invented.
pub const BIRTH_DECADES: &[(u32, u32)] =
    &[(1960, 8), (1970, 20), (1980, 32), (1990, 28), (2000, 12)];
/// Insurance is recorded on arrival: invented. Insured as a detainee since 2023 (sources B5).
pub const INSURANCE_ON_ARRIVAL: Rate = Rate::percent(25);
/// Insurance is recorded as the release is prepared: invented.
pub const INSURANCE_AT_RELEASE: Rate = Rate::percent(50);
/// Other care than substitution ran before the detention, of problem users: invented.
pub const CARE_VERIFIED: Rate = Rate::percent(15);
/// Ever used an illegal drug, of those who are no problem users, so that 60 % of the detained have
/// (Van Malderen 2011, quoted in the working group's note): 26 of the 66 in 100 who are none.
pub const EVER_USED_OTHERS: Rate = Rate(39_400);
/// First used heroin in prison, of those who ever used: 11 % (Van Malderen 2011, quoted in the
/// working group's note).
pub const HEROIN_FIRST_IN_PRISON: Rate = Rate::percent(11);
/// Treated before, of prison clients of the referral points: one third never were (PROSPER,
/// Vandevelde 2020).
pub const TREATED_BEFORE: Rate = Rate::percent(67);
/// The project screens a problem user in depth after the first talk: invented.
pub const SCREENED_IN_DEPTH: Rate = Rate::percent(60);
/// Motivation internal : external : mixed. That it is limited and often external is named (slides,
/// 2026), the weights are invented.
pub const MOTIVATIONS: [u32; 3] = [30, 35, 35];
/// Other disorders of problem users: complex comorbidity is named (slides, 2026), the weights are
/// invented.
pub const COMORBIDITIES: &[(&&[&str], u32)] = &[
    (&(&["psychiatric"] as &[&str]), 35),
    (&(&["psychiatric", "somatic"] as &[&str]), 15),
    (&(&["somatic"] as &[&str]), 12),
    (&(&["cognitive"] as &[&str]), 8),
    (&(&[] as &[&str]), 30),
];
/// What problem users use, with weights: invented.
pub const SUBSTANCES: &[(&&[&str], u32)] = &[
    (&(&["heroin", "cocaine"] as &[&str]), 30),
    (&(&["cocaine"] as &[&str]), 25),
    (&(&["cannabis"] as &[&str]), 20),
    (&(&["heroin", "benzodiazepines"] as &[&str]), 15),
    (&(&["amphetamine", "cannabis"] as &[&str]), 10),
];
/// Use is recorded, of problem users: before the detention, in detention, after release. Invented.
pub const USE_TOLD: [Rate; 3] = [Rate::percent(40), Rate::percent(25), Rate::percent(30)];

// Referrals and programmes.

/// The persons and services that ask for a referral, with weights: invented.
pub const REFERRED_BY: &[(&&str, u32)] = &[
    (&"self", 40),
    (&"careTeam", 22),
    (&"psychosocialService", 18),
    (&"provider", 6),
    (&"lawyer", 5),
    (&"court", 5),
    (&"family", 4),
];
/// A counted referral is a registration at the project itself, which names no provider: invented.
pub const REGISTERED_AT_PROJECT: Rate = Rate::percent(35);
/// Individual guidance by a project to which the person was referred, when no short intervention
/// follows: invented.
pub const GUIDED: Rate = Rate::percent(25);
/// Planned sessions of that guidance: invented.
pub const GUIDANCE_SESSIONS: u32 = 8;
/// A course of a programme is carried on in another prison: invented.
pub const CONTINUED_ELSEWHERE: Rate = Rate::percent(12);
/// Taking part is measured at the start and at the end: invented.
pub const MEASURED: Rate = Rate::percent(55);
/// And some months after the end: invented.
pub const FOLLOWED_UP: Rate = Rate::percent(50);
/// Placed on the drug-free section of Brugge, with 20 places (sources B5): invented.
pub const DRUG_FREE_SECTION_BRUGGE: Rate = Rate::percent(5);
/// A consultation is paid as multidisciplinary consultation : not paid : paid otherwise. The royal
/// decree of 27 March 2012 allows the first (the working group's note, 2.1), the weights are
/// invented.
pub const CONSULTATION_FINANCING: [u32; 3] = [35, 50, 15];
/// A plan is reviewed after the release: invented.
pub const PLAN_REVIEWED: Rate = Rate::percent(45);
/// The appointment after the release has a reference : is made : is not made. Invented.
pub const APPOINTMENTS: [u32; 3] = [25, 35, 40];

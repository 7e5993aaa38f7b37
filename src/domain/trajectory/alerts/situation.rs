//! Where the person stands: all that alerts look at.
//! Always: alerts read what the sections of the answer say; they fold no records twice.
//! Rules: the section "Alerts" of the continuity rules.

use crate::domain::history::DatedFact;
use crate::domain::stays::Stays;
use crate::domain::trajectory::care::{
    PreparedRelease, ProgrammeCourse, Residential, SentReferral, Treatment,
};
use crate::domain::trajectory::clock::AnswerClock;
use crate::domain::trajectory::custody::{Custody, DecidingModality, Places};
use crate::domain::trajectory::rules::ContinuityRules;
use crate::domain::trajectory::substitution::{FollowedSubstitution, Standing, Substitution};

/// Where the person stands: all that alerts look at.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'s, 'a> {
    pub records: &'s [DatedFact<'a>],
    pub places: &'s Places<'a>,
    pub modality: Option<&'s DecidingModality<'a>>,
    pub custody: &'s Custody,
    pub followed: &'s FollowedSubstitution<'a, 's>,
    pub standing: &'s Standing<'s>,
    pub substitution: &'s Substitution,
    pub stays: &'s Stays<'a>,
    pub residential: &'s Residential,
    pub programmes: &'s [ProgrammeCourse<'a>],
    pub referrals: &'s [SentReferral<'a>],
    pub treatments: &'s [Treatment],
    pub release: &'s PreparedRelease<'a>,
    pub clock: &'s AnswerClock,
    pub rules: &'s ContinuityRules,
}

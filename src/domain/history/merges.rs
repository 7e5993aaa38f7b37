//! The pseudonyms of one person, by merges and unmerges.
//! Always: of several merges and unmerges of two pseudonyms, the one recorded last applies; all
//! pseudonyms of a person are joined into one of them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::fold::{History, fold};
use super::targets::OutsideTargets;
use crate::domain::event::Recorded;
use crate::domain::id::{PersonId, RecordedTime};
use crate::domain::vocabulary::fact::Fact;

/// The other pseudonyms of a person, as the answer under one of them names them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pseudonyms {
    /// Under the pseudonym that all others are joined into: the others, sorted.
    pub merged_from: Vec<PersonId>,
    /// Under any other pseudonym: the one that it is joined into.
    pub merged_into: Option<PersonId>,
}

/// Two pseudonyms that merges or unmerges name, by the one recorded last.
struct MergeLink {
    recorded_at: RecordedTime,
    /// The pseudonym that is joined into the other.
    one: PersonId,
    other: PersonId,
    /// Whether the two are the same person: of the merges and unmerges that name both, the one
    /// recorded last is a merge.
    holds: bool,
}

/// The merges and unmerges in force among some records.
pub struct Merges {
    /// One link for every two pseudonyms that a merge or an unmerge names.
    links: Vec<MergeLink>,
}

impl Merges {
    /// The merges and unmerges among the records up to `known_at`; none: among all.
    pub fn of(
        records: impl IntoIterator<Item = Arc<Recorded>>,
        known_at: Option<RecordedTime>,
    ) -> Self {
        Self::in_force(&fold(records, &OutsideTargets::default(), known_at))
    }

    fn in_force(history: &History) -> Self {
        let mut recorded: Vec<MergeLink> = history
            .facts()
            .filter_map(|(item, fact)| {
                let (other, holds) = match fact {
                    Fact::Merged(merge) => (merge.into, true),
                    Fact::Unmerged(unmerge) => (unmerge.from, false),
                    _ => return None,
                };
                let (recorded_at, one) =
                    (item.recorded.recorded_at, item.event().subject.person()?);
                Some(MergeLink { recorded_at, one, other, holds })
            })
            .collect();
        recorded.sort_by_key(|link| link.recorded_at);
        let pair = |link: &MergeLink| (link.one.min(link.other), link.one.max(link.other));
        let last: BTreeMap<(PersonId, PersonId), MergeLink> =
            recorded.into_iter().map(|link| (pair(&link), link)).collect();
        Self { links: last.into_values().collect() }
    }

    /// Every pseudonym that a merge or an unmerge names.
    pub fn named(&self) -> impl Iterator<Item = PersonId> {
        self.links.iter().flat_map(|link| [link.one, link.other])
    }

    /// All pseudonyms of the person who has this pseudonym.
    pub fn same_person(&self, person: PersonId) -> HashSet<PersonId> {
        let mut same = HashSet::from([person]);
        loop {
            let before = same.len();
            for link in self.links.iter().filter(|link| link.holds) {
                if same.contains(&link.one) || same.contains(&link.other) {
                    same.extend([link.one, link.other]);
                }
            }
            if same.len() == before {
                return same;
            }
        }
    }

    /// The other pseudonyms of a person. All are joined into the one that no merge joins into
    /// another; of several such, and of a circle, into the one named by the merge recorded last.
    pub fn pseudonyms(&self, person: PersonId) -> Pseudonyms {
        let same = self.same_person(person);
        let holding = || self.links.iter().filter(|link| link.holds && same.contains(&link.one));
        let is_joined = |other: PersonId| holding().any(|link| link.one == other);
        let last = |links: &mut dyn Iterator<Item = &MergeLink>| {
            links.max_by_key(|link| link.recorded_at).map(|link| link.other)
        };
        let into = last(&mut holding().filter(|link| !is_joined(link.other)));
        let Some(into) = into.or_else(|| last(&mut holding())) else {
            return Pseudonyms::default();
        };
        if person != into {
            return Pseudonyms { merged_from: Vec::new(), merged_into: Some(into) };
        }
        let mut merged_from: Vec<PersonId> =
            same.iter().filter(|other| **other != person).copied().collect();
        merged_from.sort_unstable();
        Pseudonyms { merged_from, merged_into: None }
    }
}

//! Prisons and codes of places.
//! Always: every code but those named in [`UNLISTED`] is in the registries of the vocabulary.

/// An open code: a place, a project, a reason.
pub(super) type CodeText = &'static str;

/// Houses that no registry lists, like the house of a new partner: the ledger keeps such a code and
/// reports a finding. The names are invented, and no real house has one of them.
pub const UNLISTED: &[&str] = &["otherCommunity", "shelteredLiving"];

/// Prisons with the weight of their arrivals: a tenth of the number of places in the registry, or
/// invented. All Flemish prisons come first, then one Brussels and two Walloon prisons for the rest
/// of the country, with invented weights.
const PRISONS: &[(&str, u32)] = &[
    ("antwerpen", 44),
    ("beveren", 30),
    ("brugge", 61),
    ("dendermonde", 44),
    ("gent", 40),
    ("hasselt", 45),
    ("hoogstraten", 12),
    ("ieper", 8),
    ("kortrijk", 6),
    ("leuvenCentraal", 18),
    ("leuvenHulp", 18),
    ("mechelen", 8),
    ("merksplas", 25),
    ("oudenaarde", 14),
    ("ruiselede", 6),
    ("turnhout", 16),
    ("wortel", 14),
    ("haren", 40),
    ("lantin", 12),
    ("ittre", 4),
];

/// Regions of Flanders with weights: invented.
pub(super) const REGIONS: &[(CodeText, u32)] =
    &[("eastFlanders", 30), ("westFlanders", 22), ("antwerp", 28), ("limburg", 14)];

/// The number of prisons.
pub(super) const PRISON_COUNT: usize = PRISONS.len();

/// The open regime of the therapeutic programmes.
pub(super) const RUISELEDE: Prison = prison("ruiselede");
/// Three drug-free sections, about 130 places (sources B1).
pub(super) const HASSELT: Prison = prison("hasselt");
/// The oldest short intervention, since 1999 (slides, 2026).
pub(super) const BRUGGE: Prison = prison("brugge");

/// The number of Flemish prisons, which come first in the table.
pub(super) const FLEMISH: usize = 17;

/// A prison by its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prison(u8);

impl Prison {
    /// Every prison with the weight of its arrivals.
    pub(super) fn weighed() -> Vec<(Self, u32)> {
        (0..).map(Self).zip(PRISONS).map(|(prison, (_, weight))| (prison, *weight)).collect()
    }

    /// The prison's place in the table.
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }

    pub(super) const fn code(self) -> &'static str {
        PRISONS[self.0 as usize].0
    }

    /// The prison with a code.
    pub(super) fn named(code: &str) -> Option<Self> {
        let place = PRISONS.iter().position(|(own, _)| *own == code)?;
        u8::try_from(place).ok().map(Self)
    }
}

const fn prison(code: &str) -> Prison {
    let mut place = 0;
    while !same(PRISONS[place].0, code) {
        place += 1;
    }
    Prison(place as u8)
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut index = 0;
    while index < a.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    true
}

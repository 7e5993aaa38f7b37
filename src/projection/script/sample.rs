//! The hash of a name, by which streams are dealt to engines and some of them are looked at twice.
//! Always: the hash follows from the name alone, so every run picks the same streams.

/// One name in so many is sampled: each sampled stream costs a second fold, so this keeps the price
/// of looking twice under two hundredths.
const SAMPLED_IN: u64 = 64;

/// The BLAKE3 of a name. Hashes are ordered as numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NameHash([u8; 32]);

impl NameHash {
    /// The hash of a name.
    pub fn of(name: &str) -> Self {
        Self(*blake3::hash(name.as_bytes()).as_bytes())
    }

    /// The engine, of so many, that a stream of this name is dealt to.
    pub fn engine(&self, engines: usize) -> usize {
        let engines = u64::try_from(engines).expect("a machine has fewer than 2^64 engines");
        usize::try_from(self.number(0) % engines).expect("smaller than the number of engines")
    }

    /// Whether a name is one of those that are looked at twice.
    pub fn is_sampled(&self) -> bool {
        // Other bytes than those that choose the engine, so that each engine has its part of them.
        self.number(8).is_multiple_of(SAMPLED_IN)
    }

    fn number(&self, from: usize) -> u64 {
        let bytes = self.0[from..].first_chunk().expect("a hash has 32 bytes");
        u64::from_be_bytes(*bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::NameHash;

    #[test]
    fn names_spread_over_engines_and_samples() {
        let hashes = || (0..6_400).map(|number| NameHash::of(&format!("person-{number}")));
        let sampled = hashes().filter(NameHash::is_sampled).count();
        assert!((60..140).contains(&sampled), "{sampled}");
        for engine in 0..3 {
            let dealt = hashes().filter(|hash| hash.engine(3) == engine).count();
            assert!((1_900..2_400).contains(&dealt), "{engine}: {dealt}");
            let both = hashes().filter(|hash| hash.engine(3) == engine && hash.is_sampled());
            assert!(both.count() > 10, "{engine}");
        }
    }
}

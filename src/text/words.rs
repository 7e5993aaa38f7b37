//! The words of pages for people, in each language that a page can be asked in.
//! Always: every language has the same keys with the same variables (a test compares them), so a
//! page never falls back into another language. Values are escaped by the page that prints them.
//! Form: Fluent (projectfluent.org), one file a language in `words/`.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

pub use fluent_bundle::FluentValue as Value;

use crate::domain::choices::choices;

choices! {
    /// A language in which pages for people are written.
    Language:
        /// English.
        English = "en",
        /// Dutch, the language of Flemish courts and prisons.
        Dutch = "nl",
}

impl Language {
    const fn file(self) -> &'static str {
        match self {
            Self::English => include_str!("words/en.ftl"),
            Self::Dutch => include_str!("words/nl.ftl"),
        }
    }
}

/// The words of one language.
pub struct Words(FluentBundle<FluentResource>);

static ALL: LazyLock<Vec<Words>> =
    LazyLock::new(|| Language::ALL.iter().copied().map(Words::read).collect());

impl Words {
    /// The words of a language.
    pub fn of(language: Language) -> &'static Self {
        &ALL[language as usize]
    }

    fn read(language: Language) -> Self {
        let resource = FluentResource::try_new(language.file().to_owned());
        let resource = resource.expect("a shipped file of words is Fluent: a test reads it");
        let tag = language.code().parse().expect("the code of a language is a language tag");
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Isolation marks are invisible characters; the pages escape those.
        bundle.set_use_isolating(false);
        bundle.add_resource(resource).expect("a key stands once: a test reads the file");
        Self(bundle)
    }

    /// The words of a key without variables.
    pub fn word(&self, key: &str) -> String {
        self.say(key, &[])
    }

    /// The words of a key, with its variables.
    pub fn say(&self, key: &str, values: &[(&str, Value<'_>)]) -> String {
        let message = self.0.get_message(key).and_then(|message| message.value());
        let pattern = message.unwrap_or_else(|| panic!("no words for the key {key}"));
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(*name, value.clone());
        }
        let mut errors = Vec::new();
        let text = self.0.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        assert!(errors.is_empty(), "the words of {key} lack a variable: {errors:?}");
        text
    }

    /// The words of a key; `None`: the language has no such key. For codes that senders choose.
    pub fn known(&self, key: &str) -> Option<String> {
        self.0.has_message(key).then(|| self.word(key))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// The keys of a file, each with the names of its variables.
    fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut key = String::new();
        for line in language.file().lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line.split_once(" =").filter(|_| !line.starts_with(' ')) {
                assert!(keys.insert(name.to_owned(), BTreeSet::new()).is_none(), "{name} twice");
                key = name.to_owned();
            }
            for variable in line.split("{ $").skip(1) {
                let end = variable.find(|sign: char| !sign.is_alphanumeric()).unwrap();
                keys.get_mut(&key).unwrap().insert(variable[..end].to_owned());
            }
        }
        keys
    }

    #[test]
    fn every_language_has_the_same_keys_with_the_same_variables() {
        // The English words of a rule, its article and its source stand in the file of the rules.
        let without_rules = |language| {
            let mut keys = keys(language);
            keys.retain(|key, _| !key.starts_with("rule-"));
            keys
        };
        for language in Language::ALL {
            assert_eq!(without_rules(*language), keys(Language::English), "{language}");
            let words = Words::of(*language);
            for key in keys(*language).keys() {
                assert!(words.0.has_message(key), "{language}: {key} is not Fluent");
            }
        }
    }
}

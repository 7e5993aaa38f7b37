//! Closed lists of codes, such as the states of custody or the reasons of a release.
//! Always: a code is spelled once; `code()`, `ALL`, `FromStr`, `Display` and serde all read that
//! one spelling.

/// The text is not a code of the list. The caller chooses one of the codes in this error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of {}", .0.join(", "))]
pub struct NotAChoice(pub &'static [&'static str]);

/// Declares an enum of codes: `choices! { /// Doc. Name: Variant = "code", … }`.
macro_rules! choices {
    (
        $(#[$attr:meta])*
        $name:ident: $($(#[$variant_attr:meta])* $variant:ident = $code:literal),* $(,)?
    ) => {
        $(#[$attr])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $($(#[$variant_attr])* #[doc = concat!("Code: `", $code, "`.")]
            #[serde(rename = $code)] $variant,)*
        }

        impl $name {
            /// Every choice, in the order of the list.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The codes of [`Self::ALL`], in the same order.
            pub const CODES: &[&str] = &[$($code,)*];

            /// The code as schemas, questions and answers spell it.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::choices::NotAChoice;

            fn from_str(code: &str) -> Result<Self, Self::Err> {
                match code {
                    $($code => Ok(Self::$variant),)*
                    _ => Err($crate::domain::choices::NotAChoice(Self::CODES)),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

pub(crate) use choices;

#[cfg(test)]
mod tests {
    use super::NotAChoice;

    choices! {
        /// A list of two.
        Answer: Yes = "yes", NotNow = "notNow"
    }

    #[test]
    fn one_spelling_serves_serde_text_and_parsing() {
        for (answer, code) in Answer::ALL.iter().zip(Answer::CODES) {
            assert_eq!((answer.code(), &*answer.to_string()), (*code, *code));
            assert_eq!(code.parse(), Ok(*answer));
            let json = serde_json::to_value(answer).unwrap();
            assert_eq!(json, *code);
            assert_eq!(serde_json::from_value::<Answer>(json).unwrap(), *answer);
        }
        let error = "never".parse::<Answer>().unwrap_err();
        assert_eq!(error, NotAChoice(&["yes", "notNow"]));
        assert_eq!(error.to_string(), "must be one of yes, notNow");
    }
}

//! How sure the source of a legal rule, a parameter or a threshold is.
//! Always: every entry of a rule file carries one mark, and answers show the mark with the source.
//! Form: the marks at the head of `projections/rules/continuity.toml` and `credit.toml`.

use super::choices::choices;

choices! {
    /// How sure the source of one entry of a rule file is.
    SourceMark:
        /// Read in the source named.
        S = "S",
        /// Read in a public repository.
        C = "C",
        /// General knowledge, not confirmed in any source.
        K = "K",
        /// Searched for and not found.
        NotFound = "NF",
        /// A choice of this project that nobody has confirmed.
        Ours = "ours",
}

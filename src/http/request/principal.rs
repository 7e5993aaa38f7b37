//! The principal of a request: the person or system that sent it. There is no access control yet:
//! every request counts as a request of the ledger's operator.
//! Always: every handler of the contract takes a [`Principal`]. So access control will have one
//! place to refuse a request, and each handler will know for whom it reads.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::http::problem::Problem;

/// The person or system that a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    /// The organisation that runs the ledger.
    Operator,
}

impl<S: Sync> FromRequestParts<S> for Principal {
    /// No request is refused yet; access control will refuse with a problem.
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self::Operator)
    }
}

//! Who asks. Until there is access control, whoever reaches the port acts for the house itself.
//! Always: every handler takes a [`Principal`], so that access control will have one place to
//! refuse at, and each handler will know for whom it reads.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::http::problem::Problem;

/// The person or system that a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    /// The house that runs the ledger.
    House,
}

impl<S: Sync> FromRequestParts<S> for Principal {
    /// Nobody is refused yet; access control will refuse with a problem.
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self::House)
    }
}

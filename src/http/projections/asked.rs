//! What the handlers of projections share: the name in the path, and the problems.

use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::problem::kind::ProblemType;
use crate::http::request::params::Params;
use crate::projection::runner::parts::is_projection_name;
use crate::projection::runner::{Projections, StateAnswerError};
use crate::work::Causes;

const NAME: &str = "Must be a name: a small letter, then at most 63 letters and digits.";

/// The name of a projection, from the path. A name that no projection can have is an issue.
pub fn name(params: &mut Params) -> Option<String> {
    let name = params.path_text("name").unwrap_or_default().to_owned();
    params.require_path(is_projection_name(&name).then_some(name), "name", NAME)
}

/// The projections that this service keeps.
pub fn kept(app: &App) -> Result<Projections, Problem> {
    let none = || Problem::unavailable().detail("No projections are kept here.");
    app.projections.clone().ok_or_else(none)
}

/// Runs work that takes a while on a thread for such work.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Problem::new(ProblemType::Internal))
}

pub fn no_projection() -> Problem {
    Problem::new(ProblemType::NotFound).detail("There is no projection of this name.")
}

pub fn not_answered(error: &StateAnswerError) -> Problem {
    match error {
        StateAnswerError::NotFound => Problem::new(ProblemType::NotFound)
            .detail("There is no projection of this name, or it has no such partition."),
        StateAnswerError::Withheld => Problem::unavailable().detail(
            "Something that the states rest on was erased: they are built anew. The status tells \
             how far that is.",
        ),
        StateAnswerError::Faulted(_) => Problem::new(ProblemType::ResultFaulted),
        StateAnswerError::Unreadable(_) => {
            tracing::error!(error = %Causes(error), "the states of a projection were not read");
            Problem::unavailable()
        }
    }
}

//! Progress on anything that may take more than a second, on standard error.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// So often a second the bar is drawn.
const DRAWS_PER_SECOND: u8 = 5;

/// A bar towards a known end.
pub fn bar(what: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(
        Some(total),
        ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND),
    );
    styled(bar, what, "{msg} {wide_bar} {human_pos} of {human_len}, {per_sec}, {eta} left")
}

/// A count without a known end.
pub fn count(what: &str) -> ProgressBar {
    let bar =
        ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND));
    styled(bar, what, "{msg} {spinner} {human_pos}, {per_sec}, {elapsed}")
}

fn styled(bar: ProgressBar, what: &str, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the template is well-formed");
    bar.set_style(style);
    bar.with_message(what.to_owned())
}

//! Progress bars on standard error, for work that may take more than a second.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a second a bar is drawn.
const DRAWS_PER_SECOND: u8 = 5;

/// A bar for work of a known size.
pub fn bar(what: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(
        Some(total),
        ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND),
    );
    styled(bar, what, "{msg} {wide_bar} {human_pos} of {human_len}, {per_sec}, {eta} left")
}

/// A counter for work of unknown size.
pub fn count(what: &str) -> ProgressBar {
    let bar =
        ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND));
    styled(bar, what, "{msg} {spinner} {human_pos}, {per_sec}, {elapsed}")
}

/// A bar that is drawn only once there is progress to show; it is cleared when dropped.
pub struct LateBar {
    what: &'static str,
    bar: Option<ProgressBar>,
}

impl LateBar {
    /// A bar that is not drawn yet.
    pub fn new(what: &'static str) -> Self {
        Self { what, bar: None }
    }

    /// Shows how much of how much is done.
    pub fn show(&mut self, done: u64, total: u64) {
        let bar = self.bar.get_or_insert_with(|| bar(self.what, total));
        bar.set_length(total);
        bar.set_position(done);
    }
}

impl Drop for LateBar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn styled(bar: ProgressBar, what: &str, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the template is well-formed");
    bar.set_style(style);
    bar.with_message(what.to_owned())
}

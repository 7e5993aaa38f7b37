//! What a summary is told beside its rows.

use serde_json::{Value, json};

use crate::domain::credit::rules::SHIPPED as CREDIT;
use crate::domain::id::{Position, RecordedTime};
use crate::domain::time::calendar::{At, date_of};
use crate::domain::trajectory::rules::SHIPPED as CONTINUITY;
use crate::ledger::answer::format_at;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// How far the log was read.
    pub position: Position,
    /// The fixed moment of knowledge, else when the last record that was read was recorded. Never
    /// the clock.
    pub known_at: RecordedTime,
    /// The moment up to which events happened, if one was asked for.
    pub at: Option<At>,
}

impl About {
    /// JSON text.
    pub fn text(&self) -> String {
        let mut about = json!({
            "position": self.position.number(),
            "known": self.known_at,
            "knownDate": date_of(self.known_at.instant()),
            "rules": {"continuity": rules(CONTINUITY), "credit": rules(CREDIT)},
        });
        if let Some(at) = self.at {
            about["at"] = json!(format_at(at));
        }
        about.to_string()
    }
}

/// A rule file as JSON.
fn rules(text: &str) -> Value {
    toml::from_str(text).expect("a shipped rule file is TOML")
}

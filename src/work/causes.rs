//! An error with all its causes, as one text for a log line or for the user of a command.
//! Always: the text never has the message of a panic, which may hold content.

use std::error::Error;
use std::fmt;

use tokio::task::JoinError;

/// Writes an error and then each cause of it, between colons. An error of this crate names no
/// cause in its own text (`#[source]`), so a log line without the causes would lose them.
pub struct Causes<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut next = Some(self.0);
        let mut colon = "";
        while let Some(error) = next {
            match error.downcast_ref::<JoinError>() {
                // The text of this error repeats the message of the panic.
                Some(error) if error.is_panic() => write!(out, "{colon}a task panicked")?,
                _ => write!(out, "{colon}{error}")?,
            }
            (colon, next) = (": ", error.source());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("not opened")]
    struct Outer(#[source] Box<dyn Error + Send + Sync>);

    #[test]
    fn every_cause_is_told_once_and_in_order() {
        let inner = Outer(std::io::Error::other("disk full").into());
        assert_eq!(Causes(&Outer(inner.into())).to_string(), "not opened: not opened: disk full");
    }

    #[tokio::test]
    async fn the_message_of_a_panic_is_never_told() {
        let error = tokio::spawn(async { panic!("content") }).await.unwrap_err();
        assert_eq!(Causes(&Outer(error.into())).to_string(), "not opened: a task panicked");
    }
}

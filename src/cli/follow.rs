//! `care-ledger events --follow`: the live feed of a running ledger, one event a line.
//! Always: each event is written once, and flushed before its position counts as read. After a
//! broken connection the feed resumes behind the last block that was read whole.
//! Form: `text/event-stream`, WHATWG HTML, 9.2, as this service writes it.

use std::io::{BufRead, Write};

use serde_json::Value;

use super::client::{Client, WAIT_FIRST, WAIT_MAX};
use super::failure::Failure;
use super::terminal::{Output, flush, tell, write_json_line};

/// How reading a feed ended.
enum FeedEnd {
    /// Everything asked for is written, or nobody reads our output any more.
    Enough,
    /// The connection ended, for this reason.
    Broken(String),
}

/// Prints the events of a live feed.
pub struct FeedPrinter<W> {
    out: W,
    /// The last position read.
    last: Option<String>,
    /// How many more events to print.
    left: u64,
}

impl<W: Write> FeedPrinter<W> {
    /// Prints at most `limit` events after a position.
    pub fn new(out: W, after: Option<String>, limit: u64) -> Self {
        Self { out, last: after, left: limit }
    }

    /// Follows the feed at a path until `limit` events are printed.
    ///
    /// # Errors
    /// The ledger cannot be reached at the start, or refuses the request.
    pub fn run(mut self, client: &Client, path: &str) -> Result<(), Failure> {
        let (mut wait, mut is_known) = (WAIT_FIRST, false);
        while self.left > 0 {
            let why = match client.listen(path, self.last.as_deref()) {
                Ok(Ok(feed)) => {
                    (wait, is_known) = (WAIT_FIRST, true);
                    match self.read(feed)? {
                        FeedEnd::Enough => return Ok(()),
                        FeedEnd::Broken(why) => why,
                    }
                }
                Ok(Err(answer)) if answer.status.as_u16() == 503 => "the ledger is busy".to_owned(),
                Ok(Err(answer)) => {
                    answer.good_to_question()?;
                    return Err(Failure::answer_no("the ledger gave an answer that is not a feed"));
                }
                Err(error) if !is_known => return Err(client.unreachable(&error)),
                Err(error) => error.to_string(),
            };
            tell(&format!("{why}; following on in {:.1} s", wait.as_secs_f64()));
            std::thread::sleep(wait);
            wait = (wait * 2).min(WAIT_MAX);
        }
        Ok(())
    }

    fn read(&mut self, mut feed: impl BufRead) -> Result<FeedEnd, Failure> {
        let (mut line, mut id, mut data) = (String::new(), None, String::new());
        while self.left > 0 {
            line.clear();
            match feed.read_line(&mut line) {
                Err(error) => return Ok(FeedEnd::Broken(error.to_string())),
                // A block that was cut off does not count.
                Ok(_) if !line.ends_with('\n') => {
                    return Ok(FeedEnd::Broken("the ledger ended the feed".to_owned()));
                }
                Ok(_) => {}
            }
            let text = line.trim_end_matches('\n');
            if let Some(text) = text.strip_prefix("id: ") {
                id = Some(text.to_owned());
            } else if let Some(text) = text.strip_prefix("data: ") {
                text.clone_into(&mut data);
            } else if text.is_empty() {
                if !data.is_empty() && !self.write(&data)? {
                    return Ok(FeedEnd::Enough);
                }
                data.clear();
                self.last = id.take().or_else(|| self.last.take());
            }
        }
        Ok(FeedEnd::Enough)
    }

    /// Writes an event as `care-ledger events` does. False: the reader of our output, such as
    /// `head`, has closed it.
    fn write(&mut self, event: &str) -> Result<bool, Failure> {
        let event: Value = serde_json::from_str(event)
            .map_err(|_| Failure::answer_no("the ledger sent an event that is not JSON"))?;
        self.left -= 1;
        let is_read = write_json_line(&mut self.out, &event)? == Output::Read;
        Ok(is_read && flush(&mut self.out)? == Output::Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_counts_once_it_is_whole() {
        let whole = "retry: 2000\n\nid: 4\ndata: {\"a\":1}\n\n:\n\nid: 9\n\n";
        let rows = [
            (whole.to_owned(), "{\"a\":1}\n", Some("9"), "a block without data moves the place"),
            (format!("{whole}id: 10\ndata: {{\"b\""), "{\"a\":1}\n", Some("9"), "part of a line"),
            (format!("{whole}id: 10\n"), "{\"a\":1}\n", Some("9"), "part of a block"),
            (format!("{whole}data: {{\"b\":2}}\n\n"), "{\"a\":1}\n{\"b\":2}\n", Some("9"), "no id"),
            (String::new(), "", None, "nothing"),
        ];
        for (feed, written, last, why) in rows {
            let mut out = Vec::new();
            let mut follower = FeedPrinter::new(&mut out, None, u64::MAX);
            let end = follower.read(feed.as_bytes()).unwrap();
            assert!(matches!(end, FeedEnd::Broken(_)), "{why}");
            assert_eq!(follower.last.as_deref(), last, "{why}");
            assert_eq!(String::from_utf8(out).unwrap(), written, "{why}");
        }
    }
}

//! The checks of what lies between a sender and a ledger: the address, and the two clocks.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use ureq::http::Uri;

use super::report::Check;
use crate::cli::client::{CONNECT_MAX, Client};
use crate::cli::failure::Failure;
use crate::domain::vocabulary::validate::AHEAD_MINUTES_MAX;

/// A larger difference of clocks is a warning. It is far more than a network or a header in whole
/// seconds can explain, and a tenth of the difference at which events are refused.
pub const CLOCK_WARN: TimeDelta = TimeDelta::seconds(30);

/// The header `Date` has whole seconds, and a server may renew it only once a second.
pub const DATE_STEP: TimeDelta = TimeDelta::seconds(2);

/// The host and port at which a ledger should answer.
pub struct LedgerAddress {
    host: String,
    port: u16,
}

impl LedgerAddress {
    /// Reads the host and port of a URL.
    ///
    /// # Errors
    /// Wrong usage: the URL names no host.
    pub fn of(url: &str) -> Result<Self, Failure> {
        let uri: Option<Uri> = url.parse().ok();
        let host = uri.as_ref().and_then(Uri::host).map(|host| host.trim_matches(['[', ']']));
        let Some(host) = host.filter(|host| !host.is_empty()) else {
            return Err(Failure::usage("--url takes http://HOST:PORT"));
        };
        let port = uri.as_ref().and_then(Uri::port_u16).unwrap_or(80);
        Ok(Self { host: host.to_owned(), port })
    }

    /// The check whether the name resolves and accepts a connection.
    pub fn check(&self) -> Check {
        let name = "address";
        let found: Vec<_> = match (self.host.as_str(), self.port).to_socket_addrs() {
            Ok(found) => found.collect(),
            Err(error) => {
                let next = "look at the spelling of --url, and at this machine's name server";
                return Check::failed(name, format!("the name does not resolve: {error}"), next);
            }
        };
        let mut refused = String::new();
        for address in found {
            let started = Instant::now();
            match TcpStream::connect_timeout(&address, CONNECT_MAX) {
                Ok(_) => {
                    let took = started.elapsed().as_secs_f64() * 1000.0;
                    return Check::ok(name, format!("{address} connects in {took:.1} ms"));
                }
                Err(error) => refused = format!("{address} takes no connection: {error}"),
            }
        }
        let next = "is the ledger running there (care-ledger serve), on this port, and does no \
                    firewall lie between?";
        Check::failed(name, refused, next)
    }
}

/// The check of the clocks: this machine's against the `Date` header of an answer.
pub fn clock(client: &Client) -> Check {
    let name = "clock";
    let before = Utc::now();
    let answer = client.exchange("/health/live", &[], None);
    let after = Utc::now();
    let date = answer.ok().and_then(|(_, headers)| {
        let date = headers.get("date")?.to_str().ok()?;
        DateTime::parse_from_rfc2822(date).ok()
    });
    let Some(date) = date.map(|date| date.to_utc()) else {
        let next = "let the header Date pass through the proxy, or compare the clocks by hand";
        return Check::warning(name, "the answer has no header Date to compare with", next);
    };
    judge(before - (date + DATE_STEP), after - date)
}

/// Judges the clocks. This machine is ahead by `least` at least and `most` at most.
fn judge(least: TimeDelta, most: TimeDelta) -> Check {
    let name = "clock";
    let sure_ahead = least.max(TimeDelta::zero());
    let sure_behind = (-most).max(TimeDelta::zero());
    let middle = (least + most) / 2;
    let unsure = (most - least).num_milliseconds() / 2000 + 1;
    let apart = |word| {
        format!("this machine is {} {word} the ledger (to within {unsure} s)", in_words(middle))
    };
    let limit = TimeDelta::minutes(AHEAD_MINUTES_MAX);
    if sure_ahead > limit {
        let next = "set this machine's clock (NTP), and look at the offset it writes: events more \
                    than 5 minutes in the future are refused (inFuture)";
        return Check::failed(name, apart("ahead of"), next);
    }
    if sure_ahead > CLOCK_WARN {
        let next = "set this machine's clock (NTP): at 5 minutes events are refused (inFuture)";
        return Check::warning(name, apart("ahead of"), next);
    }
    if sure_behind > CLOCK_WARN {
        let next = "set this machine's clock (NTP), or the ledger's: the times it writes are too \
                    early, and nothing refuses them";
        return Check::warning(name, apart("behind"), next);
    }
    Check::ok(name, format!("the same as the ledger's, to within {unsure} s"))
}

/// A difference of clocks in words, without its direction.
pub fn in_words(apart: TimeDelta) -> String {
    let seconds = apart.num_seconds().abs();
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

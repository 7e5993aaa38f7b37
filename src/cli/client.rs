//! A running ledger, asked over HTTP.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use serde_json::Value;
use ureq::http::uri::Authority;
use ureq::http::{HeaderMap, StatusCode, Uri};

use super::failure::Failure;

/// Longest wait for a connection, and for an answer to begin.
const CONNECT_MAX: Duration = Duration::from_secs(5);
const ANSWER_MAX: Duration = Duration::from_secs(120);

/// A live feed is silent for 15 s at most; after four times that the ledger has gone.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// An answer larger than this is not read. A person's whole history is far below it.
const ANSWER_BYTES_MAX: u64 = 1 << 30;

/// A ledger at an address.
pub struct Client {
    base: String,
    agent: ureq::Agent,
}

/// An answer: its status and its text.
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// The body.
    pub text: String,
}

impl Client {
    /// A client for `http://HOST:PORT`.
    ///
    /// # Errors
    /// Wrong usage, when the address is of another kind.
    pub fn new(url: &str) -> Result<Self, Failure> {
        Self::with_patience(url, ANSWER_MAX)
    }

    /// The same, with another longest wait for an answer to begin.
    ///
    /// # Errors
    /// Wrong usage, when the address is of another kind.
    pub fn with_patience(url: &str, patience: Duration) -> Result<Self, Failure> {
        if !url.starts_with("http://") {
            return Err(Failure::usage(
                "--url takes http://HOST:PORT; for TLS, run a proxy beside this command",
            ));
        }
        let uri: Option<Uri> = url.parse().ok();
        let authority = uri.as_ref().and_then(Uri::authority).map(Authority::as_str);
        // The parser takes a port that no number holds for none.
        let is_one = authority.is_some_and(|authority| {
            let port = authority.rsplit_once(':').map(|(_, port)| port);
            !authority.contains('@')
                && port.is_none_or(|port| port.ends_with(']') || port.parse::<u16>().is_ok())
        });
        if !is_one {
            return Err(Failure::usage("--url takes http://HOST:PORT, without a name or password"));
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A person's answers do not go through a proxy that some variable names, and events do
            // not go where an answer points to.
            .proxy(None)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT_MAX))
            .timeout_recv_response(Some(patience))
            .build();
        Ok(Self { base: url.trim_end_matches('/').to_owned(), agent: config.into() })
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// [`ureq::Error`] when there is no answer.
    pub fn get(&self, path: &str, accept: &str) -> Result<Answer, ureq::Error> {
        let response =
            self.agent.get(format!("{}{path}", self.base)).header("accept", accept).call()?;
        read(response)
    }

    /// Opens the live feed at a path, after a position; or the answer that refused it.
    ///
    /// # Errors
    /// [`ureq::Error`] when there is no answer.
    pub fn listen(
        &self,
        path: &str,
        after: Option<&str>,
    ) -> Result<Result<impl BufRead + use<>, Answer>, ureq::Error> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        request = request.header("accept", "text/event-stream");
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        let request = request.config().timeout_per_read(Some(SILENCE_MAX)).build();
        let response = request.call()?;
        if !response.status().is_success() {
            return Ok(Err(read(response)?));
        }
        Ok(Ok(BufReader::new(response.into_body().into_reader())))
    }

    /// Sends events.
    ///
    /// # Errors
    /// [`ureq::Error`] when there is no answer: what became of the events is unknown, and sending
    /// them again is safe.
    pub fn post(&self, path: &str, kind: &str, body: &[u8]) -> Result<Answer, ureq::Error> {
        let request = self.agent.post(format!("{}{path}", self.base));
        read(request.header("content-type", kind).send(body)?)
    }

    /// Sends a request with these headers; the answer comes with its own.
    ///
    /// # Errors
    /// [`ureq::Error`] when there is no answer.
    pub fn exchange(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<(Answer, HeaderMap), ureq::Error> {
        let url = format!("{}{path}", self.base);
        let response = match body {
            None => with(self.agent.get(url), headers).call()?,
            Some(body) => with(self.agent.post(url), headers).send(body)?,
        };
        let told = response.headers().clone();
        Ok((read(response)?, told))
    }

    /// Says that the ledger gave no answer.
    pub fn unreachable(&self, error: &ureq::Error) -> Failure {
        Failure::unreachable(format!(
            "no answer from {}: {error}; is the ledger running? (care-ledger serve)",
            self.base
        ))
    }
}

fn with<B>(request: ureq::RequestBuilder<B>, headers: &[(&str, &str)]) -> ureq::RequestBuilder<B> {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

fn read(response: ureq::http::Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let status = response.status();
    let text = response.into_body().into_with_config().limit(ANSWER_BYTES_MAX).read_to_string()?;
    Ok(Answer { status, text })
}

impl Answer {
    /// The text of a good answer.
    ///
    /// # Errors
    /// The problem of any other, in words.
    pub fn good(self) -> Result<String, Failure> {
        if self.status.is_success() { Ok(self.text) } else { Err(Failure::no(self.problem())) }
    }

    /// The text of a good answer to a question. A question that the ledger does not understand is
    /// wrong usage.
    ///
    /// # Errors
    /// The problem of any other, in words.
    pub fn good_to_question(self) -> Result<String, Failure> {
        if self.status == StatusCode::BAD_REQUEST {
            return Err(Failure::usage(self.problem()));
        }
        self.good()
    }

    fn problem(&self) -> String {
        let problem: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let words = ["title", "detail"].iter().filter_map(|name| problem[*name].as_str());
        let words: Vec<&str> = words.collect();
        let issues = problem["issues"].as_array().into_iter().flatten().filter_map(|issue| {
            Some(format!("\n  {}: {}", issue["name"].as_str()?, issue["detail"].as_str()?))
        });
        let issues: String = issues.collect();
        format!("{}: {}{issues}", self.status.as_u16(), words.join(". "))
    }
}

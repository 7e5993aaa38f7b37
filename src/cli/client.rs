//! A client for a running ledger, over HTTP.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use serde_json::Value;
use ureq::http::uri::Authority;
use ureq::http::{HeaderMap, StatusCode, Uri};

use super::failure::Failure;
use crate::text::escape::escaped;
use crate::text::words::Language;

/// The longest wait for a connection.
pub const CONNECT_MAX: Duration = Duration::from_secs(5);

/// The longest wait for the first byte of an answer.
const ANSWER_MAX: Duration = Duration::from_secs(120);

/// A live feed is silent for at most 15 s. After four times as long the connection is lost.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// The first and the longest wait before a request is sent again; the wait doubles each time.
pub const WAIT_FIRST: Duration = Duration::from_millis(200);
pub const WAIT_MAX: Duration = Duration::from_secs(10);

/// The largest answer that is read. A person's whole history is far smaller.
const ANSWER_BYTES_MAX: u64 = 1 << 30;

/// A client for the ledger at one address.
pub struct Client {
    base: String,
    agent: ureq::Agent,
}

/// The form and the language of an answer that a question wants.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The media type.
    pub form: &'static str,
    /// The language; it matters to pages for people only.
    pub language: Option<Language>,
}

impl Wanted {
    /// An answer for programs.
    pub const JSON: Self = Self { form: "application/json", language: None };

    /// The headers that ask for this.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let language = self.language.map(|language| ("accept-language", language.code()));
        [("accept", self.form)].into_iter().chain(language)
    }
}

/// An answer: its status and its text.
pub struct HttpAnswer {
    /// The status code.
    pub status: StatusCode,
    /// The body.
    pub text: String,
}

impl Client {
    /// A client for `http://HOST:PORT`.
    ///
    /// # Errors
    /// Wrong usage: the address is not of this form.
    pub fn new(url: &str) -> Result<Self, Failure> {
        Self::with_patience(url, ANSWER_MAX)
    }

    /// A client with its own limit on the wait for the first byte of an answer.
    ///
    /// # Errors
    /// Wrong usage: the address is not of this form.
    pub fn with_patience(url: &str, patience: Duration) -> Result<Self, Failure> {
        if !url.starts_with("http://") {
            return Err(Failure::usage(
                "--url takes http://HOST:PORT; for TLS, run a proxy beside this command",
            ));
        }
        let uri: Option<Uri> = url.parse().ok();
        let authority = uri.as_ref().and_then(Uri::authority).map(Authority::as_str);
        // The parser reads a port above 65535 as no port at all.
        let is_host_and_port = authority.is_some_and(|authority| {
            let port = authority.rsplit_once(':').map(|(_, port)| port);
            !authority.contains('@')
                && port.is_none_or(|port| port.ends_with(']') || port.parse::<u16>().is_ok())
        });
        if !is_host_and_port {
            return Err(Failure::usage(
                "--url takes http://HOST:PORT, with a port up to 65535 and without a name or \
                 password",
            ));
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // Privacy: answers about persons never go through a proxy that a variable names, and
            // events never go to where an answer redirects.
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
    pub fn get(&self, path: &str, wanted: &Wanted) -> Result<HttpAnswer, ureq::Error> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        for (name, value) in wanted.headers() {
            request = request.header(name, value);
        }
        read(request.call()?)
    }

    /// Opens the live feed at a path, after a position. The inner error is the answer that refused
    /// it.
    ///
    /// # Errors
    /// [`ureq::Error`] when there is no answer.
    pub fn listen(
        &self,
        path: &str,
        after: Option<&str>,
    ) -> Result<Result<impl BufRead + use<>, HttpAnswer>, ureq::Error> {
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

    /// Sends a body, and reads the answer line by line while it is made. The inner error is the
    /// answer that refused it.
    ///
    /// # Errors
    /// [`ureq::Error`] when there is no answer.
    pub fn post_for_lines(
        &self,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> Result<Result<impl BufRead + use<>, HttpAnswer>, ureq::Error> {
        let request = self.agent.post(format!("{}{path}", self.base));
        let response = request.header("content-type", kind).send(body)?;
        if !response.status().is_success() {
            return Ok(Err(read(response)?));
        }
        Ok(Ok(BufReader::new(response.into_body().into_reader())))
    }

    /// Puts a resource.
    ///
    /// # Errors
    /// [`ureq::Error`] when there is no answer.
    pub fn put(&self, path: &str, kind: &str, body: &[u8]) -> Result<HttpAnswer, ureq::Error> {
        let request = self.agent.put(format!("{}{path}", self.base));
        read(request.header("content-type", kind).send(body)?)
    }

    /// Sends events.
    ///
    /// # Errors
    /// [`ureq::Error`] when there is no answer. Whether the events were recorded is then unknown,
    /// and sending them again is safe.
    pub fn post(&self, path: &str, kind: &str, body: &[u8]) -> Result<HttpAnswer, ureq::Error> {
        let request = self.agent.post(format!("{}{path}", self.base));
        read(request.header("content-type", kind).send(body)?)
    }

    /// Sends a request with these headers, and gives the answer with its headers.
    ///
    /// # Errors
    /// [`ureq::Error`] when there is no answer.
    pub fn exchange(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<(HttpAnswer, HeaderMap), ureq::Error> {
        let url = format!("{}{path}", self.base);
        let response = match body {
            None => with(self.agent.get(url), headers).call()?,
            Some(body) => with(self.agent.post(url), headers).send(body)?,
        };
        let headers = response.headers().clone();
        Ok((read(response)?, headers))
    }

    /// The failure to report when the ledger gave no answer.
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

fn read(response: ureq::http::Response<ureq::Body>) -> Result<HttpAnswer, ureq::Error> {
    let status = response.status();
    let text = response.into_body().into_with_config().limit(ANSWER_BYTES_MAX).read_to_string()?;
    Ok(HttpAnswer { status, text })
}

/// The JSON of a successful answer.
///
/// # Errors
/// The answer is not JSON: a proxy, or another service, may have answered.
pub fn json(text: &str) -> Result<Value, Failure> {
    let not_json = |_| Failure::answer_no("the ledger gave an answer that is not JSON");
    serde_json::from_str(text).map_err(not_json)
}

/// The issues of a problem, each on a line of its own.
pub fn issues_in_words(problem: &Value) -> String {
    let issues = problem["issues"].as_array().into_iter().flatten().map(|issue| {
        let text = |name: &str| escaped(issue[name].as_str().unwrap_or_default()).into_owned();
        let place = match (issue["line"].as_u64(), issue["column"].as_u64()) {
            (Some(line), Some(column)) => format!("{}:{line}:{column}", text("part")),
            _ => text("name") + &text("part"),
        };
        format!("\n  {place}: {}", text("detail"))
    });
    issues.collect()
}

/// The items of a page.
///
/// # Errors
/// The answer is not a page: a proxy, or another service, may have answered.
pub fn items(page: &Value) -> Result<&[Value], Failure> {
    let items = page["items"].as_array().map(Vec::as_slice);
    items.ok_or_else(|| Failure::answer_no("the ledger gave an answer that is no list"))
}

impl HttpAnswer {
    /// The text of a successful answer.
    ///
    /// # Errors
    /// Any other answer, as its problem in words.
    pub fn good(self) -> Result<String, Failure> {
        if self.status.is_success() {
            Ok(self.text)
        } else {
            Err(Failure::answer_no(self.problem()))
        }
    }

    /// The text of a successful answer to a question. A 400 means wrong usage of the command.
    ///
    /// # Errors
    /// Any other answer, as its problem in words.
    pub fn good_to_question(self) -> Result<String, Failure> {
        if self.status == StatusCode::BAD_REQUEST {
            return Err(Failure::usage(self.problem()));
        }
        self.good()
    }

    fn problem(&self) -> String {
        let problem: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let words = ["title", "detail"].iter().filter_map(|name| problem[*name].as_str());
        let words: Vec<_> = words.map(escaped).collect();
        format!("{}: {}{}", self.status.as_u16(), words.join(". "), issues_in_words(&problem))
    }
}

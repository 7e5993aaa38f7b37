//! A client of a ledger over HTTP: each answer is read whole, whatever its status.

use std::time::Duration;

use serde_json::Value;

/// The media type of one event with its attributes in the body.
pub const STRUCTURED: &str = "application/cloudevents+json";
/// The media type of an array of events.
pub const BATCH: &str = "application/cloudevents-batch+json";
/// The media type of events, one a line.
pub const LINES: &str = "application/x-ndjson";

/// The address of a served ledger, and the connections to that ledger.
pub struct Client {
    pub url: String,
    pub address: String,
    agent: ureq::Agent,
}

/// An answer, read whole.
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The items of a page.
    pub fn items(&self) -> Vec<Value> {
        self.json()["items"].as_array().unwrap_or_else(|| panic!("{}", self.text)).clone()
    }
}

impl Client {
    pub fn new(address: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(300)))
            .build();
        let url = format!("http://{address}");
        Self { url, address: address.to_owned(), agent: config.into() }
    }

    /// Whether the ledger answers at all.
    pub fn answers(&self) -> bool {
        self.agent.get(format!("{}/health/live", self.url)).call().is_ok()
    }

    /// Whether the ledger says that all of it is UP.
    pub fn is_up(&self) -> bool {
        let answer = self.agent.get(format!("{}/health", self.url)).call();
        answer.is_ok_and(|answer| {
            let health = read(answer);
            health.status == 200 && health.json()["status"] == "UP"
        })
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.call().unwrap())
    }

    pub fn delete(&self, path: &str) -> Answer {
        read(self.agent.delete(format!("{}{path}", self.url)).call().unwrap())
    }

    pub fn put(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = self.agent.put(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send(body).unwrap())
    }

    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send(body).unwrap())
    }

    /// Sends one event in structured mode.
    pub fn send(&self, event: &Value) -> Answer {
        self.post("/v1/events", &[("content-type", STRUCTURED)], event.to_string().as_bytes())
    }

    /// Sends a batch.
    pub fn send_batch(&self, events: &[Value]) -> Answer {
        let body = Value::from(events.to_vec()).to_string();
        self.post("/v1/events", &[("content-type", BATCH)], body.as_bytes())
    }

    /// Sends events one a line, in requests of 5,000; returns the last answer.
    pub fn send_lines(&self, events: &[Value]) -> Answer {
        let lines = |events: &[Value]| -> String {
            events.iter().map(|event| event.to_string() + "\n").collect()
        };
        let mut last = None;
        for events in events.chunks(5_000) {
            let body = lines(events);
            let answer = self.post("/v1/events", &[("content-type", LINES)], body.as_bytes());
            assert!(!answer.text.contains("refused"), "{}", answer.text);
            last = Some(answer);
        }
        last.unwrap()
    }

    /// The value of a metric without labels.
    pub fn metric(&self, name: &str) -> u64 {
        let metrics = self.get("/metrics").text;
        let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("{name} is missing: {metrics}")).parse().unwrap()
    }
}

fn read(response: ureq::http::Response<ureq::Body>) -> Answer {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = response.into_body().into_with_config().limit(1 << 30).read_to_string().unwrap();
    Answer { status, headers, text: body }
}

//! A ledger as a process of its own, and a client for it.

#![allow(dead_code)]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::command::binary;

/// A served ledger; it is stopped when dropped.
pub struct Server {
    pub child: Child,
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
}

impl Server {
    /// Starts a ledger on a data folder, and waits until it is UP.
    pub fn start(data: &Path) -> Self {
        Self::spawn(data).up()
    }

    /// The same at an address where clients expect it again.
    pub fn start_at(data: &Path, address: &str) -> Self {
        Self::spawn_at(data, address).up()
    }

    /// Waits until it is UP.
    pub fn up(self) -> Self {
        let mut server = self;
        let started = Instant::now();
        while !server.is_up() {
            assert!(started.elapsed() < Duration::from_secs(60), "the server did not come up");
            assert!(server.child.try_wait().unwrap().is_none(), "the server stopped at its start");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// Starts a ledger on a data folder, and does not wait.
    pub fn spawn(data: &Path) -> Self {
        Self::spawn_at(data, &free_address())
    }

    fn spawn_at(data: &Path, address: &str) -> Self {
        Self::spawn_with(Command::new(binary()), data, address, &[])
    }

    /// Starts a replica of a cluster at an address, and waits until it is UP.
    pub fn replica(data: &Path, address: &str, store: &str) -> Self {
        Self::spawn_with(Command::new(binary()), data, address, &["--store", store]).up()
    }

    /// Starts a ledger by a command that ends in the binary, and does not wait.
    pub fn spawn_with(mut by: Command, data: &Path, address: &str, more: &[&str]) -> Self {
        let child = by
            .args(["serve", "--listen", address, "--log", "error", "--data"])
            .arg(data)
            .args(more)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        let url = format!("http://{address}");
        Self { child, url, address: address.to_owned(), agent: config.into() }
    }

    /// Whether it answers at all.
    pub fn answers(&self) -> bool {
        self.agent.get(format!("{}/health/live", self.url)).call().is_ok()
    }

    fn is_up(&self) -> bool {
        let answer = self.agent.get(format!("{}/health", self.url)).call();
        answer.is_ok_and(|mut answer| {
            answer.body_mut().read_to_string().is_ok_and(|text| text.contains("\"UP\""))
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

    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send(body).unwrap())
    }

    /// Sends one event in structured mode.
    pub fn send(&self, event: &Value) -> Answer {
        let kind = [("content-type", "application/cloudevents+json")];
        self.post("/v1/events", &kind, event.to_string().as_bytes())
    }

    /// Sends a batch.
    pub fn send_batch(&self, events: &[Value]) -> Answer {
        let kind = [("content-type", "application/cloudevents-batch+json")];
        self.post("/v1/events", &kind, Value::from(events.to_vec()).to_string().as_bytes())
    }

    /// Sends events one a line, in requests of 5,000; the last answer comes back.
    pub fn send_lines(&self, events: &[Value]) -> Answer {
        let kind = [("content-type", "application/x-ndjson")];
        let lines = |events: &[Value]| -> String {
            events.iter().map(|event| event.to_string() + "\n").collect()
        };
        let mut last = None;
        for events in events.chunks(5_000) {
            let answer = self.post("/v1/events", &kind, lines(events).as_bytes());
            assert!(!answer.text.contains("refused"), "{}", answer.text);
            last = Some(answer);
        }
        last.unwrap()
    }

    /// Kills the process as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops the process as an operator does; says whether it ended well.
    pub fn stop(mut self) -> bool {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
        self.child.wait().unwrap().success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address nobody listens at.
pub fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn read(response: ureq::http::Response<ureq::Body>) -> Answer {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = response.into_body().into_with_config().limit(1 << 30).read_to_string().unwrap();
    Answer { status, headers, text: body }
}

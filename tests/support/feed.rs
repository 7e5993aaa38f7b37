//! A reader of the live feed that believes nothing: blocks as they come.

use std::io::{self, BufRead as _, BufReader, Read};

use serde_json::Value;

/// A block of the stream that is not empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    pub id: Option<String>,
    pub data: Option<Value>,
}

/// A feed being read.
pub struct Feed(BufReader<Box<dyn Read + Send>>);

impl Feed {
    /// Opens a feed, which must be one.
    pub fn open(url: &str, last: Option<u64>) -> Self {
        let agent = ureq::Agent::new_with_defaults();
        let mut request = agent.get(url).header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let response = request.call().unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!(header("cache-control"), "no-store");
        Self(BufReader::new(Box::new(response.into_body().into_reader())))
    }

    /// Over bytes that were read before.
    pub fn over(bytes: Vec<u8>) -> Self {
        Self(BufReader::new(Box::new(io::Cursor::new(bytes))))
    }

    /// The next whole block with an id, a comment as one without; `None` at a clean end.
    pub fn block(&mut self) -> io::Result<Option<Block>> {
        let mut block = Block { id: None, data: None };
        let (mut line, mut is_comment) = (String::new(), false);
        loop {
            line.clear();
            if self.0.read_line(&mut line)? == 0 || !line.ends_with('\n') {
                return Ok(None);
            }
            match line.trim_end_matches('\n').split_once(':') {
                None if block.id.is_some() || is_comment => return Ok(Some(block)),
                None => {}
                Some(("id", id)) => block.id = Some(id.trim().to_owned()),
                Some(("data", data)) => block.data = Some(serde_json::from_str(data).unwrap()),
                Some(("retry", time)) => assert!(time.trim().parse::<u32>().is_ok()),
                Some(("", _)) => is_comment = true,
                Some(_) => panic!("a line that is none of ours: {line}"),
            }
        }
    }

    /// The next event; its id is its position.
    pub fn event(&mut self) -> io::Result<Option<Value>> {
        while let Some(Block { id, data }) = self.block()? {
            if let Some(event) = data {
                assert_eq!(event["position"].as_str(), id.as_deref());
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// Every event to the end of the feed.
    pub fn events(mut self) -> Vec<Value> {
        let mut events = Vec::new();
        while let Ok(Some(event)) = self.event() {
            events.push(event);
        }
        events
    }
}

/// An event's position.
pub fn position(event: &Value) -> u64 {
    event["position"].as_str().unwrap().parse().unwrap()
}

/// The body in an answer with chunks (RFC 9112, 7.1), as far as it came.
pub fn unchunked(answer: &[u8]) -> Vec<u8> {
    let start = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let (mut rest, mut body) = (&answer[start..], Vec::new());
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        rest = &rest[end + 2..];
        body.extend_from_slice(&rest[..size.min(rest.len())]);
        rest = rest.get(size + 2..).unwrap_or_default();
    }
    body
}

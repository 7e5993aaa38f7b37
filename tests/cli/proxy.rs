//! Servers that may stand between a vendor and a ledger: a proxy that changes requests or answers,
//! or something other than a ledger.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use chrono::{TimeDelta, Utc};

/// Listens at a free port and gives each connection to `serve`; returns the address as a URL. The
/// thread ends with the test.
fn listen(serve: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            serve(stream.unwrap());
        }
    });
    url
}

/// Passes requests on to a ledger, the head through `request` and the answer through `answer`,
/// which also gets the first line of the request.
fn between(
    address: &str,
    request: impl Fn(String) -> String + Send + 'static,
    answer: impl Fn(&str, String) -> String + Send + 'static,
) -> String {
    let address = address.to_owned();
    listen(move |mut stream| {
        let Some((head, body)) = read(&stream) else { return };
        let first = head.lines().next().unwrap_or_default().to_owned();
        let mut ledger = TcpStream::connect(&address).unwrap();
        let head = request(head.trim_end().to_owned());
        write!(ledger, "{head}\r\nconnection: close\r\n\r\n").unwrap();
        ledger.write_all(&body).unwrap();
        let mut text = String::new();
        ledger.read_to_string(&mut text).unwrap();
        let _ = stream.write_all(answer(&first, text).as_bytes());
    })
}

/// A proxy before a ledger that moves the date in the ledger's answers by `minutes`.
pub fn clock_moved(ledger: &str, minutes: i64) -> String {
    between(ledger, same, move |_, answer| {
        let now = Utc::now() + TimeDelta::minutes(minutes);
        let date = now.format("%a, %d %b %Y %H:%M:%S GMT");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let head = head.split("\r\n").map(|line| match line.split_once(':') {
            Some((name, _)) if name.eq_ignore_ascii_case("date") => format!("date: {date}"),
            _ => line.to_owned(),
        });
        format!("{}\r\n\r\n{body}", head.collect::<Vec<_>>().join("\r\n"))
    })
}

/// A proxy that answers the requests whose first line has this text by itself.
pub fn instead(
    ledger: &str,
    of: &'static str,
    status: &'static str,
    kind: &'static str,
    body: &'static str,
) -> String {
    between(
        ledger,
        same,
        move |first, answer| {
            if first.contains(of) { canned(status, kind, body) } else { answer }
        },
    )
}

/// A proxy that loses the query of each request.
pub fn without_query(ledger: &str) -> String {
    let bare = |head: String| {
        let (first, rest) = head.split_once("\r\n").unwrap();
        let path = first.split_whitespace().nth(1).unwrap();
        let bare = path.split('?').next().unwrap();
        format!("{}\r\n{rest}", first.replacen(path, bare, 1))
    };
    between(ledger, bare, |_, answer| answer)
}

/// A proxy that loses the headers with the attributes of an event.
pub fn without_attributes(ledger: &str) -> String {
    let others = |head: String| {
        let lines = head.split("\r\n").filter(|line| !line.to_lowercase().starts_with("ce-"));
        lines.collect::<Vec<_>>().join("\r\n")
    };
    between(ledger, others, |_, answer| answer)
}

/// A server that sends these bytes on each connection.
pub fn says(bytes: impl AsRef<[u8]> + Send + 'static) -> String {
    listen(move |mut stream| {
        let _ = stream.write_all(bytes.as_ref());
    })
}

fn same(head: String) -> String {
    head
}

/// The head and the body of a request; `None`: no bytes came.
fn read(stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Some((head, body))
}

/// A whole answer.
pub fn canned(status: &str, kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

//! What may stand between a vendor and a ledger: a proxy that changes what passes, or something
//! else altogether.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

/// Listens at a port of its own, and gives each connection to `serve`; the address as a URL. The
/// thread ends with the test.
pub fn listen(serve: impl Fn(TcpStream) + Send + 'static) -> String {
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
/// which also hears the first line of the request.
pub fn between(
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

/// The head and the body of a request; `None`: nobody spoke.
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

//! The hosts that the service answers for. A page of another origin can point a name of its own at
//! this machine (DNS rebinding); the browser then lets that page read the answers, and sends the
//! page's name in `Host`.
//! Always: a request that names a host is answered only if the host is this machine itself, the
//! address that is listened on, or a name that the operator has given.
//! Form: RFC 9110, 7.2 (`Host`) and 15.5.20 (421).

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header;
use axum::http::uri::Authority;

/// The hosts that the service answers for, beside the names of this machine itself.
#[derive(Debug, Clone)]
pub struct ServedHosts {
    /// The address that is listened on.
    listen: IpAddr,
    /// Further names and addresses, in lower case.
    public: Vec<String>,
}

impl ServedHosts {
    /// The hosts of a service that listens on an address.
    pub fn new(listen: IpAddr, public: &[String]) -> Self {
        let public = public.iter().map(|name| plain(name)).collect();
        Self { listen: listen.to_canonical(), public }
    }

    /// Whether a request may be answered. A request without a host comes from no browser.
    pub fn serves(&self, request: &Request) -> bool {
        let target = request.uri().authority().map(|authority| self.is_served(authority));
        let mut hosts = request.headers().get_all(header::HOST).iter();
        let (first, second) = (hosts.next(), hosts.next());
        let named = first.map(|host| {
            let authority = Authority::try_from(host.as_bytes());
            second.is_none() && authority.is_ok_and(|authority| self.is_served(&authority))
        });
        target.unwrap_or(true) && named.unwrap_or(true)
    }

    fn is_served(&self, authority: &Authority) -> bool {
        if authority.as_str().contains('@') {
            return false;
        }
        let host = plain(authority.host());
        let is_own = match host.parse::<IpAddr>().map(|address| address.to_canonical()) {
            // A page cannot take an address as its name. So on all addresses any address will do:
            // the machine may be reached by one that the machine itself does not know.
            Ok(address) => {
                address.is_loopback() || address == self.listen || self.listen.is_unspecified()
            }
            Err(_) => host == "localhost",
        };
        is_own || self.public.contains(&host)
    }
}

/// A host in lower case, without the brackets of an IPv6 address and without the dot of the root.
fn plain(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn serves(listen: &str, host: &str) -> bool {
        let hosts = ServedHosts::new(listen.parse().unwrap(), &["Ledger.Example.BE".to_owned()]);
        let request = Request::get("/v1/events").header("host", host).body(Body::empty());
        hosts.serves(&request.unwrap())
    }

    #[test]
    fn only_this_machine_its_address_and_its_names_are_served() {
        let rows = [
            ("localhost", true),
            ("LOCALHOST:8080", true),
            ("localhost.", true),
            ("127.0.0.1:8080", true),
            ("127.9.8.7", true),
            ("[::1]:8080", true),
            ("[::ffff:127.0.0.1]", true),
            ("10.0.0.5:9", true),
            ("ledger.example.be", true),
            ("LEDGER.example.be:443", true),
            ("evil.example", false),
            ("evil.example:8080", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("x.ledger.example.be", false),
            ("10.0.0.6", false),
            ("0.0.0.0:8080", false),
            ("localhost@evil.example", false),
            ("evil.example@localhost", false),
            ("a b", false),
            ("", false),
        ];
        for (host, is_served) in rows {
            assert_eq!(serves("10.0.0.5", host), is_served, "{host}");
        }
        for (host, is_served) in [("10.0.0.6", true), ("[fd00::1]:80", true), ("a.local", false)] {
            assert_eq!(serves("0.0.0.0", host), is_served, "{host}");
            assert_eq!(serves("::", host), is_served, "{host}");
        }
    }

    #[test]
    fn every_host_that_a_request_names_must_be_served() {
        let hosts = ServedHosts::new("127.0.0.1".parse().unwrap(), &[]);
        let with = |target: &str, names: &[&str]| {
            let request = Request::get(target).body(Body::empty()).unwrap();
            let headers = names.iter().fold(request, |mut request, name| {
                request.headers_mut().append(header::HOST, name.parse().unwrap());
                request
            });
            hosts.serves(&headers)
        };
        assert!(with("/health", &[]));
        assert!(with("http://localhost/health", &["localhost"]));
        assert!(!with("http://evil.example/health", &["localhost"]));
        assert!(!with("http://localhost/health", &["evil.example"]));
        assert!(!with("/health", &["localhost", "localhost"]));
    }
}

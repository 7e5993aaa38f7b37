//! Where a cluster is and who asks: a connection string, and credentials in it or beside it.
//! Always: what is shown or told of an error holds no user and no password.
//! Form: `esdb://[user:password@]host[:port][,…]?name=value&…`, as the public clients read it.

use std::fmt;

use eventstore::{ClientSettings, Credentials};

/// The parameters that the client knows; it passes over others in silence, and so over a mistyped
/// `tlsVerifyCert`.
const PARAMETERS: &[&str] = &[
    "maxdiscoverattempts",
    "discoveryinterval",
    "gossiptimeout",
    "tls",
    "tlsverifycert",
    "tlscafile",
    "usercertfile",
    "userkeyfile",
    "nodepreference",
    "keepaliveinterval",
    "keepalivetimeout",
    "defaultdeadline",
    "connectionname",
];

/// The client sleeps so long before it uses a node it has found, and by default half a second.
const PAUSE: &str = "discoveryInterval=50";

/// Those of them that name a file.
const FILES: &[&str] = &["tlscafile", "usercertfile", "userkeyfile"];

/// Why a connection string or a line of credentials cannot be used: all are wrong usage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is of another kind.
    #[error("a store is esdb://HOST:PORT… or esdb+discover://NAME:PORT…")]
    Scheme,
    /// A parameter nobody reads.
    #[error("the connection string has an unknown parameter: {0}")]
    Parameter(String),
    /// It prefers another node than the leader, who alone takes writes and has all that was read.
    #[error("nodePreference must be leader, or be left out")]
    Preference,
    /// A file that it names is not there, or holds no PEM.
    #[error("the file of {0} in the connection string cannot be read, or is no PEM file")]
    File(String),
    /// The client does not understand it.
    #[error("the connection string cannot be read: look at its hosts, ports and values")]
    Form,
    /// The credentials are not `user:password`.
    #[error(
        "credentials are user:password: one line of a file, or in the address, with / ? @ : % \
         written as in a URL"
    )]
    Credentials,
}

/// Where a cluster is, and who asks.
#[derive(Clone)]
pub struct Address {
    pub(super) settings: ClientSettings,
    pub(super) credentials: Option<Credentials>,
    hosts: String,
}

impl Address {
    /// Whether a text means a cluster, and no folder.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("esdb:") || text.starts_with("esdb+")
    }

    /// Reads a connection string; `login`, `user:password` as in a file, wins over what stands in
    /// it.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn new(text: &str, login: Option<&str>) -> Result<Self, AddressError> {
        let (scheme, rest) = text.split_once("://").ok_or(AddressError::Scheme)?;
        if !matches!(scheme, "esdb" | "esdb+discover") {
            return Err(AddressError::Scheme);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        if tail.contains('@') && !authority.contains('@') {
            // A password with a sign that ends it: nothing behind it may be told.
            return Err(AddressError::Credentials);
        }
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (Some(user), hosts),
            None => (None, authority),
        };
        let query = tail.split_once('?').map_or("", |(_, query)| query);
        for (name, value) in query.split('&').filter_map(|dedup_key| dedup_key.split_once('=')) {
            check(name, value)?;
        }
        // The client would send what stands in the string as it is, without decoding it.
        let credentials = match (login, user) {
            (Some(login), _) => Some(credentials(login.trim_end_matches(['\r', '\n']))?),
            (None, Some(user)) => Some(decoded(user)?),
            (None, None) => None,
        };
        let joint = if query.is_empty() {
            tail.trim_end_matches('?').to_owned() + "?"
        } else {
            tail.to_owned() + "&"
        };
        let pause = if names(query).any(|name| name == "discoveryinterval") { "" } else { PAUSE };
        let settings = format!("{scheme}://{hosts}{joint}{pause}").parse();
        let settings: ClientSettings = settings.map_err(|_| AddressError::Form)?;
        Ok(Self { settings, credentials, hosts: hosts.to_owned() })
    }

    /// Whether all goes in clear over the network.
    pub fn is_in_clear(&self) -> bool {
        !self.settings.is_secure_mode_enabled()
    }
}

impl fmt::Display for Address {
    /// Its hosts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hosts)
    }
}

/// The parameters in a query, in lower case.
fn names(query: &str) -> impl Iterator<Item = String> {
    let dedup_keys = query.split('&').filter_map(|dedup_key| dedup_key.split_once('='));
    dedup_keys.map(|(name, _)| name.to_lowercase())
}

fn check(name: &str, value: &str) -> Result<(), AddressError> {
    let lower = name.to_lowercase();
    if !PARAMETERS.contains(&lower.as_str()) {
        return Err(AddressError::Parameter(name.to_owned()));
    }
    // The client would end its own task on a file that it cannot read.
    let is_file = FILES.contains(&lower.as_str());
    let path = percent(value).filter(|value| value.is_ascii()).ok_or(AddressError::Form)?;
    if lower == "nodepreference" && !value.eq_ignore_ascii_case("leader") {
        return Err(AddressError::Preference);
    }
    let is_pem =
        |path: &str| std::fs::read_to_string(path).is_ok_and(|text| text.contains("-----BEGIN"));
    if is_file && !is_pem(&path) {
        return Err(AddressError::File(name.to_owned()));
    }
    Ok(())
}

fn credentials(line: &str) -> Result<Credentials, AddressError> {
    let (user, password) = line.split_once(':').ok_or(AddressError::Credentials)?;
    if user.is_empty() || line.contains('\n') {
        return Err(AddressError::Credentials);
    }
    Ok(Credentials::new(user.to_owned(), password.to_owned()))
}

/// The credentials of a connection string, where `%40` is an `@` (RFC 3986, 2.1).
fn decoded(user: &str) -> Result<Credentials, AddressError> {
    let (user, password) = user.split_once(':').ok_or(AddressError::Credentials)?;
    let part = |text| percent(text).ok_or(AddressError::Credentials);
    Ok(Credentials::new(part(user)?, part(password)?))
}

fn percent(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Result<Address, AddressError> {
        Address::new(text, None)
    }

    #[test]
    fn hosts_and_credentials_are_read_apart() {
        let rows = [
            ("esdb://localhost:2113?tls=false", "localhost:2113", 1, None),
            ("esdb://a:1,b:2,c:3?tls=false", "a:1,b:2,c:3", 3, None),
            ("esdb://me:pass@a:1,b:2?tls=false", "a:1,b:2", 2, Some(("me", "pass"))),
            (
                "esdb+discover://u:p%40%3As@db.example:2113",
                "db.example:2113",
                1,
                Some(("u", "p@:s")),
            ),
        ];
        for (text, shown, hosts, login) in rows {
            let address = address(text).unwrap();
            assert_eq!(
                (address.to_string().as_str(), address.settings.hosts().len()),
                (shown, hosts)
            );
            let expected = login.map(|(user, word)| Credentials::new(user, word));
            assert_eq!(address.credentials, expected, "{text}");
            assert_eq!(address.settings.default_authenticated_user(), &None);
        }
    }

    #[test]
    fn a_file_of_credentials_wins_and_may_hold_any_sign() {
        let address = Address::new("esdb://me:old@a:1?tls=false", Some("ops:p@:%w/?rd\n")).unwrap();
        assert_eq!(address.credentials, Some(Credentials::new("ops", "p@:%w/?rd")));
    }

    #[test]
    fn what_is_wrong_is_told_without_what_is_secret() {
        let rows = [
            ("http://u:secret@a:1", AddressError::Scheme),
            ("secret", AddressError::Scheme),
            (
                "esdb://u:secret@a:1?tlsverifycrt=false",
                AddressError::Parameter("tlsverifycrt".into()),
            ),
            ("esdb://u:secret@a:port?tls=false", AddressError::Form),
            ("esdb://secret@a:1?tls=false", AddressError::Credentials),
            ("esdb://u:secret@a:1?tls=perhaps", AddressError::Form),
            (
                "esdb://u:secret@a:1?tlsCaFile=/nowhere/ca.crt",
                AddressError::File("tlsCaFile".into()),
            ),
        ];
        for (text, expected) in rows {
            let error = address(text).err().unwrap();
            assert!(!error.to_string().contains("secret"), "{error}");
            assert_eq!(error, expected, "{text}");
        }
    }
}

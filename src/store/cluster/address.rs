//! The address of a cluster and the user's credentials: a connection string, with the credentials
//! in the string or in a file.
//! Always: neither `Display` nor an error shows a user name or a password.
//! Form: `esdb://[user:password@]host[:port][,…]?name=value&…`, as the public clients read it.

use std::fmt;
use std::path::Path;

use eventstore::{ClientSettings, Credentials};
use percent_encoding::percent_decode_str;

/// The parameters that the client crate knows. The crate ignores any other parameter in silence,
/// for instance a mistyped `tlsVerifyCert`, so the check here refuses it.
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

/// The client sleeps this long (milliseconds) before it uses a node that it has found. Its default
/// of half a second would be added to every reconnect.
const DISCOVERY_INTERVAL: &str = "discoveryInterval=50";

/// The parameters whose value is the path of a PEM file.
const FILE_PARAMETERS: &[&str] = &["tlscafile", "usercertfile", "userkeyfile"];

/// Why a connection string or a line of credentials cannot be used. Each is wrong usage: correct
/// the command line or the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The text begins with another scheme.
    #[error("a store is esdb://HOST:PORT… or esdb+discover://NAME:PORT…")]
    Scheme,
    /// The client crate would ignore this parameter.
    #[error("the connection string has an unknown parameter: {0}")]
    Parameter(String),
    /// `nodePreference` names another node than the leader. Only the leader takes writes, and only
    /// the leader is sure to have every record that was read before.
    #[error("nodePreference must be leader, or be left out")]
    Preference,
    /// A file that the string names cannot be read or holds no PEM.
    #[error("the file of {0} in the connection string cannot be read, or is no PEM file")]
    File(String),
    /// The client crate cannot parse the string.
    #[error("the connection string cannot be read: look at its hosts, ports and values")]
    Form,
    /// The credentials are not `user:password`.
    #[error(
        "credentials are user:password: one line of a file, or in the address, with / ? @ : % \
         written as in a URL"
    )]
    Credentials,
}

/// The nodes of a cluster, how to connect to them, and the credentials to send.
#[derive(Clone)]
pub struct ClusterAddress {
    pub(super) settings: ClientSettings,
    pub(super) credentials: Option<Credentials>,
    hosts: String,
    /// What stands behind the hosts in the connection string.
    parameters: String,
}

impl ClusterAddress {
    /// Whether a text is the address of a cluster rather than the path of a folder.
    pub fn is_address(text: &str) -> bool {
        text.starts_with("esdb:") || text.starts_with("esdb+")
    }

    /// Whether the address holds a user and a password.
    pub fn has_login(text: &str) -> bool {
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        rest.contains('@')
    }

    /// The file of the key of the client's certificate.
    pub fn user_key_file(&self) -> Option<&Path> {
        self.settings.user_certificate().map(|(_, key)| Path::new(key))
    }

    /// Parses a connection string. `login` is the line `user:password` of a credentials file; it
    /// replaces credentials in the string.
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
            // The password contains `/` or `?`, which ends the host part. The rest of the
            // password now looks like a path, so no part of the text may be shown.
            return Err(AddressError::Credentials);
        }
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (Some(user), hosts),
            None => (None, authority),
        };
        let query = tail.split_once('?').map_or("", |(_, query)| query);
        for (name, value) in query.split('&').filter_map(|parameter| parameter.split_once('=')) {
            check_parameter(name, value)?;
        }
        // The client crate would send credentials of the string without percent-decoding them, so
        // they are taken out of the string and decoded here.
        let credentials = match (login, user) {
            (Some(login), _) => Some(parse_credentials(login.trim_end_matches(['\r', '\n']))?),
            (None, Some(user)) => Some(decode_credentials(user)?),
            (None, None) => None,
        };
        let query_so_far = if query.is_empty() {
            tail.trim_end_matches('?').to_owned() + "?"
        } else {
            tail.to_owned() + "&"
        };
        let names_interval = names(query).any(|name| name == "discoveryinterval");
        let interval = if names_interval { "" } else { DISCOVERY_INTERVAL };
        let parameters = format!("{query_so_far}{interval}");
        let settings = format!("{scheme}://{hosts}{parameters}").parse();
        let settings: ClientSettings = settings.map_err(|_| AddressError::Form)?;
        Ok(Self { settings, credentials, hosts: hosts.to_owned(), parameters })
    }

    /// The nodes of the address. For `esdb+discover` the address has one name, which all share.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (&str, u16)> {
        let nodes = self.settings.hosts().iter();
        // The client crate read each port as a number of 16 bits.
        nodes.map(|node| (node.host.as_str(), u16::try_from(node.port).unwrap_or_default()))
    }

    /// The address of one node alone; `None`: its name cannot stand in an address.
    pub(super) fn of_node(&self, host: &str, port: u16) -> Option<Self> {
        let hosts = format!("{host}:{port}");
        let settings = format!("esdb://{hosts}{}", self.parameters).parse().ok()?;
        Some(Self { settings, hosts, ..self.clone() })
    }

    /// Whether the connection is unencrypted.
    pub fn is_in_clear(&self) -> bool {
        !self.settings.is_secure_mode_enabled()
    }
}

impl fmt::Display for ClusterAddress {
    /// Shows the hosts only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hosts)
    }
}

/// The names of the parameters in a query, in lower case.
fn names(query: &str) -> impl Iterator<Item = String> {
    let parameters = query.split('&').filter_map(|parameter| parameter.split_once('='));
    parameters.map(|(name, _)| name.to_lowercase())
}

fn check_parameter(name: &str, value: &str) -> Result<(), AddressError> {
    let lower = name.to_lowercase();
    if !PARAMETERS.contains(&lower.as_str()) {
        return Err(AddressError::Parameter(name.to_owned()));
    }
    // The client crate's task would end at a file that it cannot read, so the file is read here.
    let is_file = FILE_PARAMETERS.contains(&lower.as_str());
    let path = percent_decode(value).filter(|value| value.is_ascii()).ok_or(AddressError::Form)?;
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

/// The credentials in the line of a file, where each character stands for itself.
fn parse_credentials(line: &str) -> Result<Credentials, AddressError> {
    let (user, password) = line.split_once(':').ok_or(AddressError::Credentials)?;
    if user.is_empty() || line.contains('\n') {
        return Err(AddressError::Credentials);
    }
    Ok(Credentials::new(user.to_owned(), password.to_owned()))
}

/// The credentials in a connection string, where `%40` is an `@` (RFC 3986, 2.1).
fn decode_credentials(user: &str) -> Result<Credentials, AddressError> {
    let (user, password) = user.split_once(':').ok_or(AddressError::Credentials)?;
    let part = |text| percent_decode(text).ok_or(AddressError::Credentials);
    Ok(Credentials::new(part(user)?, part(password)?))
}

/// Decodes `%40` and the like; `None` where a `%` is not followed by two hexadecimal digits.
fn percent_decode(text: &str) -> Option<String> {
    let is_escape = |after: &str| {
        after.get(..2).is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    };
    if !text.split('%').skip(1).all(is_escape) {
        return None;
    }
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Result<ClusterAddress, AddressError> {
        ClusterAddress::new(text, None)
    }

    #[test]
    fn hosts_and_credentials_are_parsed_apart() {
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
    fn credentials_in_a_file_win_and_may_hold_any_character() {
        let address =
            ClusterAddress::new("esdb://me:old@a:1?tls=false", Some("ops:p@:%w/?rd\n")).unwrap();
        assert_eq!(address.credentials, Some(Credentials::new("ops", "p@:%w/?rd")));
    }

    #[test]
    fn an_error_shows_no_password() {
        let rows = [
            ("http://u:secret@a:1", AddressError::Scheme),
            ("secret", AddressError::Scheme),
            (
                "esdb://u:secret@a:1?tlsverifycrt=false",
                AddressError::Parameter("tlsverifycrt".into()),
            ),
            ("esdb://u:secret@a:port?tls=false", AddressError::Form),
            ("esdb://secret@a:1?tls=false", AddressError::Credentials),
            ("esdb://u:secret%4@a:1?tls=false", AddressError::Credentials),
            ("esdb://u:secret%+4@a:1?tls=false", AddressError::Credentials),
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

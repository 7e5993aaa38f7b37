//! Why a node of the cluster cannot be talked to, and what to do about it.
//! Always: no text of the server, of its certificate or of a file is passed on.

use std::fmt;

/// The fault that a probe found between this process and a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeFault {
    /// The node's name has no address.
    NameNotFound,
    /// The machine refuses a connection to the port.
    NobodyListens,
    /// The network knows no way to the machine.
    NoRoute,
    /// Nothing answers, or not in time.
    NoAnswer,
    /// The node takes a connection and closes it without an answer.
    ConnectionClosed,
    /// Something answers that speaks no HTTP/2.
    OtherService,
    /// The address asks for TLS, and the server speaks none.
    NoTls,
    /// The address says `tls=false`, and the server speaks only TLS.
    TlsExpected,
    /// No trusted authority signed the server's certificate.
    AuthorityNotTrusted,
    /// The server's certificate is for other names.
    NameNotInCertificate,
    /// The server's certificate was valid in the past.
    CertificateExpired,
    /// The server's certificate will be valid in the future.
    CertificateNotYetValid,
    /// The server's certificate is no certificate for a server.
    CertificateUnusable,
    /// The server wants a certificate of the client, or does not take the one it got.
    ClientCertificateRefused,
    /// The two sides agree on no form of TLS.
    HandshakeRefused,
    /// The certificates to trust cannot be read on this machine.
    AuthoritiesUnreadable,
    /// `userCertFile` and `userKeyFile` are no certificate and its key.
    ClientCertificateUnusable,
}

impl NodeFault {
    /// The fault, as a sentence without its full stop.
    pub const fn what(self) -> &'static str {
        match self {
            Self::NameNotFound => "the name in the address does not resolve",
            Self::NobodyListens => "nobody listens at the address (connection refused)",
            Self::NoRoute => "the network has no route to the address",
            Self::NoAnswer => "the server gives no answer",
            Self::ConnectionClosed => "the server closes each connection without an answer",
            Self::OtherService => "something else than the database answers (no HTTP/2)",
            Self::NoTls => "the server speaks no TLS, but the address asks for TLS",
            Self::TlsExpected => "the server expects TLS, but the address says tls=false",
            Self::AuthorityNotTrusted => {
                "the authority that signed the server's certificate is not trusted"
            }
            Self::NameNotInCertificate => "the name in the address is not in the certificate",
            Self::CertificateExpired => "the server's certificate has expired",
            Self::CertificateNotYetValid => "the server's certificate is not valid yet",
            Self::CertificateUnusable => "the server's certificate is not one for a server",
            Self::ClientCertificateRefused => {
                "the server does not accept the client's certificate, or misses one"
            }
            Self::HandshakeRefused => "the server and this process agree on no form of TLS",
            Self::AuthoritiesUnreadable => "the certificates to trust cannot be read",
            Self::ClientCertificateUnusable => "the client's certificate and key cannot be used",
        }
    }

    /// What to do next, as a sentence without its full stop.
    pub const fn next(self) -> &'static str {
        match self {
            Self::NameNotFound => "look at the spelling, and at this machine's name server",
            Self::NobodyListens => "start the server, or look at the port",
            Self::NoRoute => "look at the host, and at the networks of both machines",
            Self::NoAnswer => "look at the server and at the firewalls between",
            Self::ConnectionClosed => "look at the server's log, and at what lies between",
            Self::OtherService => "look at the host and the port",
            Self::NoTls => "turn TLS on in the server, or write tls=false for a server in clear",
            Self::TlsExpected => "remove tls=false, and name the server's authority in tlsCaFile",
            Self::AuthorityNotTrusted => {
                "name the file of the authority's certificate in tlsCaFile"
            }
            Self::NameNotInCertificate => {
                "use a name that the certificate has, or make the certificate for this name"
            }
            Self::CertificateExpired => "renew it on the server, or set this machine's clock",
            Self::CertificateNotYetValid => "set the clocks of this machine and of the server",
            Self::CertificateUnusable => {
                "make the server a certificate of its own, signed by the authority"
            }
            Self::ClientCertificateRefused => {
                "name a certificate that the server trusts in userCertFile, and its key in \
                 userKeyFile"
            }
            Self::HandshakeRefused => "let the server take TLS 1.2 or 1.3 with HTTP/2",
            Self::AuthoritiesUnreadable => {
                "look at the file of tlsCaFile, or at the certificates that this machine trusts"
            }
            Self::ClientCertificateUnusable => {
                "userCertFile takes a certificate in PEM, and userKeyFile its key"
            }
        }
    }

    /// Whether a person must act before any connection succeeds. The other faults may end by
    /// themselves, for instance while the server starts.
    pub const fn is_final(self) -> bool {
        !matches!(
            self,
            Self::NameNotFound
                | Self::NobodyListens
                | Self::NoRoute
                | Self::NoAnswer
                | Self::ConnectionClosed
                | Self::OtherService
        )
    }
}

impl fmt::Display for NodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what(), self.next())
    }
}

//! TLS as the client crate does it: the same authorities, the same certificate of the client, the
//! same protocol. The crate says only that a connection failed; this handshake says why.
//! Always: the process-wide provider of cryptography is left alone, because the crate panics where
//! somebody chose one before it.

use std::io;
use std::sync::Arc;

use eventstore::ClientSettings;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
};

use super::node_fault::NodeFault;

/// The protocol of the client crate's connections, as it is negotiated (RFC 9113, 3.2).
const HTTP_2: &[u8] = b"h2";

/// The configuration of a handshake by the settings of an address.
///
/// # Errors
/// The files that the address names, or the certificates of this machine, cannot be used.
pub fn client_config(settings: &ClientSettings) -> Result<ClientConfig, NodeFault> {
    let roots = authorities(settings)?;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|_| NodeFault::HandshakeRefused)?
        .with_root_certificates(roots);
    let mut config = match settings.user_certificate() {
        Some((certificate, key)) => {
            let unusable = NodeFault::ClientCertificateUnusable;
            let chain = certificates(certificate).ok_or(unusable)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|_| unusable)?;
            builder.with_client_auth_cert(chain, key).map_err(|_| unusable)?
        }
        None => builder.with_no_client_auth(),
    };
    if !settings.is_tls_certificate_verification_enabled() {
        config.dangerous().set_certificate_verifier(Arc::new(AnyCertificate(provider())));
    }
    config.alpn_protocols = vec![HTTP_2.to_vec()];
    Ok(config)
}

/// A configuration that takes any certificate, to see whether a server speaks TLS at all.
pub fn any_certificate() -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("the provider has the cipher suites of TLS 1.2 and 1.3");
    let verifier = Arc::new(AnyCertificate(provider()));
    builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// The authorities that the client crate trusts: those of `tlsCaFile`, or else this machine's. The
/// crate reads them even for a connection in clear, and panics where it cannot.
fn authorities(settings: &ClientSettings) -> Result<RootCertStore, NodeFault> {
    let unreadable = NodeFault::AuthoritiesUnreadable;
    let trusted = match settings.tls_ca_file() {
        Some(file) => certificates(file).ok_or(unreadable)?,
        None => {
            let found = rustls_native_certs::load_native_certs();
            if !found.errors.is_empty() {
                return Err(unreadable);
            }
            found.certs
        }
    };
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        roots.add(certificate).map_err(|_| unreadable)?;
    }
    Ok(roots)
}

/// The certificates of a PEM file; `None`: it cannot be read.
fn certificates(file: &str) -> Option<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_file_iter(file).ok()?.collect::<Result<_, _>>().ok()
}

/// The fault that an error of a handshake, or of the first bytes after it, stands for; `None`: the
/// other side closed the connection.
pub fn handshake_fault(error: &io::Error) -> Option<NodeFault> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::InvalidCertificate(error) => certificate_fault(error),
        // The first bytes of the server are no TLS.
        Error::InvalidMessage(_) => NodeFault::NoTls,
        Error::AlertReceived(alert) if is_about_client(*alert) => {
            NodeFault::ClientCertificateRefused
        }
        _ => NodeFault::HandshakeRefused,
    })
}

fn certificate_fault(error: &CertificateError) -> NodeFault {
    match error {
        // The wrong signature is that of another authority with the same name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            NodeFault::AuthorityNotTrusted
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            NodeFault::NameNotInCertificate
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            NodeFault::CertificateExpired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            NodeFault::CertificateNotYetValid
        }
        _ => NodeFault::CertificateUnusable,
    }
}

/// Whether an alert of the server is about the certificate of the client (RFC 8446, 6.2).
fn is_about_client(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
    )
}

/// Takes any certificate, as `tlsVerifyCert=false` asks.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _between: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

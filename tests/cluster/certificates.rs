//! Authorities and certificates for the nodes of a cluster, made by openssl.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A time in the past or the future, as openssl reads it.
const LONG_AGO: &str = "20200101000000Z";
const PAST: &str = "20200201000000Z";
const FUTURE: &str = "20900101000000Z";
const FAR_FUTURE: &str = "20900201000000Z";

/// When a certificate is valid.
#[derive(Clone, Copy)]
pub enum Valid {
    Now,
    InThePast,
    InTheFuture,
}

/// An authority, and the certificates that it has signed.
pub struct Authority(TempDir);

impl Authority {
    /// Makes an authority. All have the same name.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        openssl(place, &["req -x509", key, "-days 2 -subj /CN=ca -keyout ca.key -out ca.crt"]);
        openssl(place, &["req", key, "-subj /CN=node -keyout node.key -out node.csr"]);
        let config = "[ca]\ndefault_ca = d\n[d]\ndatabase = index\nserial = serial\n\
            new_certs_dir = .\ndefault_md = sha256\npolicy = p\nunique_subject = no\n\
            [p]\ncommonName = supplied\n";
        std::fs::write(place.join("ca.cnf"), config).unwrap();
        std::fs::write(place.join("index"), "").unwrap();
        std::fs::write(place.join("serial"), "01\n").unwrap();
        Self(folder)
    }

    /// Signs a certificate for a name such as `IP:127.0.0.1`; returns it and its key.
    pub fn sign(&self, name: &str, valid: Valid) -> (String, String) {
        std::fs::write(self.file("names"), format!("subjectAltName={name}\n")).unwrap();
        let by = "ca -batch -config ca.cnf -in node.csr -cert ca.crt -keyfile ca.key -notext";
        let when = match valid {
            Valid::Now => "-days 2".to_owned(),
            Valid::InThePast => format!("-startdate {LONG_AGO} -enddate {PAST}"),
            Valid::InTheFuture => format!("-startdate {FUTURE} -enddate {FAR_FUTURE}"),
        };
        openssl(self.0.path(), &[by, "-outdir . -extfile names -out node.crt", &when]);
        let read = |name: &str| std::fs::read_to_string(self.file(name)).unwrap();
        (read("node.crt"), read("node.key"))
    }

    /// The path of the certificate of the authority itself.
    pub fn certificate(&self) -> String {
        self.file("ca.crt").to_str().unwrap().to_owned()
    }

    /// The path of a file beside the certificates.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn openssl(folder: &Path, args: &[&str]) {
    let args = args.iter().flat_map(|part| part.split(' '));
    let ran = Command::new("openssl").args(args).current_dir(folder).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

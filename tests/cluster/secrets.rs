//! Files with a secret that others may read: each is refused, with the command that mends it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::certificates::{Authority, Valid};
use super::runtime;
use super::served::refused;
use super::standin::Standin;
use super::support::command::{ends, text};
use super::support::server::{ANY_PORT, Server};

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A command that reads a file with a secret: the file, and the arguments.
type Row<'a> = (&'a PathBuf, Vec<&'a str>);

/// The command is refused while others may read the file, and otherwise not for that reason.
fn is_refused_while_others_may_read((file, arguments): &Row) {
    let command = |status| text(&ends(status, arguments).stderr);
    for mode in [0o644, 0o604, 0o666] {
        set_mode(file, mode);
        let said = command(3);
        let mended = format!("chmod 600 {}\n", file.display());
        assert!(said.ends_with(&mended), "{arguments:?} {mode:o}: {said}");
        assert!(said.contains(&format!("(mode {mode:04o})")), "{said}");
        assert!(!said.contains("hidden"), "{said}");
    }
    set_mode(file, 0o600);
}

#[test]
fn a_secret_that_others_may_read_is_refused() {
    let (runtime, own) = (runtime(), Authority::new());
    let (cert, key) = own.sign("IP:127.0.0.1", Valid::Now);
    let standin = runtime.block_on(Standin::start_tls(1, &cert, &key, "ops", "hidden"));
    let (node, ca) = (standin.address(0), own.certificate());
    let bare = format!("esdb://{node}?tlsCaFile={ca}");
    let [cert, user_key] = ["node.crt", "node.key"].map(|name| own.file(name));
    let (cert, key_name) = (cert.to_str().unwrap(), user_key.to_str().unwrap());
    let with_key = format!("{bare}&userCertFile={cert}&userKeyFile={key_name}");
    let (login, settings) = (own.file("login"), own.file("settings.toml"));
    std::fs::write(&login, "ops:hidden\n").unwrap();
    std::fs::write(&settings, format!("store = \"{}\"\n", standin.connection_string())).unwrap();
    for file in [&login, &settings, &user_key] {
        set_mode(file, 0o600);
    }
    let [login_name, settings_name] = [&login, &settings].map(|file| file.to_str().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new");
    let data = data.to_str().unwrap();
    let serve = ["serve", "--listen", ANY_PORT, "--data", data];
    let rows = [
        (&login, [&serve[..], &["--store", &bare, "--store-credentials", login_name]].concat()),
        (&login, vec!["doctor", "--store", &bare, "--store-credentials", login_name]),
        (&login, vec!["migrate", &bare, data, "--store-credentials", login_name]),
        (&user_key, [&serve[..], &["--store", &with_key]].concat()),
        (&settings, [&serve[..], &["--config", settings_name]].concat()),
    ];
    rows.iter().for_each(is_refused_while_others_may_read);
    assert!(!Path::new(data).exists(), "nothing was made");
    // The files as they should be.
    let store = format!("{with_key}&tls=true");
    ends(0, &["doctor", "--store", &store, "--store-credentials", login_name]);
}

#[test]
fn keys_of_a_ledger_that_others_may_read_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Server::start(folder.path()));
    for name in ["ledger.keys", "master.key"] {
        let file = folder.path().join(name);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "as it was made");
        set_mode(&file, 0o644);
        let (exit, said) = refused(folder.path(), &[]);
        let mended = format!("chmod 600 {}\n", file.display());
        assert!(exit == 3 && said.ends_with(&mended), "{name}: {said}");
        set_mode(&file, 0o600);
    }
    let keys = folder.path().join("ledger.keys");
    set_mode(&keys, 0o640);
    let (name, store) = (keys.to_str().unwrap(), "esdb://127.0.0.1:1?tls=false");
    let new = tempfile::tempdir().unwrap();
    let new = new.path().to_str().unwrap();
    let said = text(&ends(3, &["migrate", store, new, "--key", name]).stderr);
    // Where the tests run as root, the file is root's, and its group may read it.
    let is_of_root = std::os::unix::fs::MetadataExt::uid(&keys.metadata().unwrap()) == 0;
    assert_eq!(said.contains("chmod 600"), !is_of_root, "{said}");
    set_mode(&keys, 0o600);
    drop(Server::start(folder.path()));
}

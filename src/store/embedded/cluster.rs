//! Makes the cluster where there is none, with its password, and chooses the programs that it runs on.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::EmbeddedError;
use super::home::{Home, file};
use super::programs::{self, Programs};

pub(super) const USER: &str = "signet";
pub(super) const DATABASE: &str = "postgres";

/// Makes the cluster if need be; returns the programs of its version.
pub(super) fn prepare(home: &Home) -> Result<Programs, EmbeddedError> {
    let mut installed = programs::installed();
    if let Some(made) = made_by(home) {
        let found = installed.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return installed.remove(&made).ok_or_else(|| match found.as_str() {
            "" => EmbeddedError::NotInstalled,
            _ => EmbeddedError::OtherVersion { home: home.path().to_owned(), made, found },
        });
    }
    let (_, programs) = installed.pop_last().ok_or(EmbeddedError::NotInstalled)?;
    make(home, &programs)?;
    Ok(programs)
}

pub(super) fn read_password(home: &Home) -> Result<String, EmbeddedError> {
    let path = home.password();
    Ok(fs::read_to_string(&path).map_err(file(&path))?.trim().to_owned())
}

fn made_by(home: &Home) -> Option<u32> {
    fs::read_to_string(home.data().join("PG_VERSION")).ok()?.trim().parse().ok()
}

/// Made beside its place and then moved there: a start that is cut off leaves no half of a cluster.
fn make(home: &Home, programs: &Programs) -> Result<(), EmbeddedError> {
    let draft = home.path().join("data.new");
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(file(&draft))?;
    }
    write_password(home)?;
    let output = home
        .account
        .command(&programs.initdb, home.path())
        .arg("--pgdata")
        .arg(&draft)
        .arg("--pwfile")
        .arg(home.password())
        .args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"])
        .args(["--data-checksums", "--no-instructions"])
        .output()
        .map_err(file(&programs.initdb))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(EmbeddedError::Program { program: "initdb", message });
    }
    fs::rename(&draft, home.data()).map_err(file(&draft))?;
    sync_directory(home.path())
}

fn write_password(home: &Home) -> Result<(), EmbeddedError> {
    let path = home.password();
    let mut secret = [0; 24];
    let refused = |_| EmbeddedError::Program { program: "the system", message: "no randomness".into() };
    aws_lc_rs::rand::fill(&mut secret).map_err(refused)?;
    let text: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
    let mut held = opened.map_err(file(&path))?;
    writeln!(held, "{text}").and_then(|()| held.sync_all()).map_err(file(&path))?;
    home.account.own(&path).map_err(file(&path))
}

fn sync_directory(path: &Path) -> Result<(), EmbeddedError> {
    fs::File::open(path).and_then(|directory| directory.sync_all()).map_err(file(path))
}

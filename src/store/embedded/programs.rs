//! Where this machine keeps `initdb` and `postgres`, and of which version they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest major version that will do.
pub(super) const OLDEST: u32 = 15;

/// Directories that hold a directory a version, with what stands between that and the programs.
const PARENTS: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// One version's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Programs {
    pub(super) initdb: PathBuf,
    pub(super) postgres: PathBuf,
}

/// What is installed, by major version; where a version is met twice, the first on the path counts.
pub(super) fn installed() -> BTreeMap<u32, Programs> {
    let mut found = BTreeMap::new();
    for directory in directories() {
        // The link's target: PostgreSQL finds its other files beside the program.
        let Ok(postgres) = std::fs::canonicalize(directory.join("postgres")) else { continue };
        let initdb = postgres.with_file_name("initdb");
        if !initdb.exists() || found.values().any(|programs: &Programs| programs.postgres == postgres) {
            continue;
        }
        if let Some(version) = major_version(&postgres).filter(|version| *version >= OLDEST) {
            found.entry(version).or_insert(Programs { initdb, postgres });
        }
    }
    found
}

fn directories() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    for (parent, prefix, below) in PARENTS {
        let Ok(entries) = std::fs::read_dir(parent) else { continue };
        let named = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
        directories.extend(named.map(|entry| entry.path().join(below)));
    }
    directories.extend(said_by_pg_config());
    directories
}

fn said_by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}

fn major_version(postgres: &Path) -> Option<u32> {
    let output = Command::new(postgres).arg("--version").output().ok()?;
    read_version(&String::from_utf8_lossy(&output.stdout))
}

/// Reads `postgres (PostgreSQL) 15.14 (Debian …)`, `17beta1` too.
fn read_version(text: &str) -> Option<u32> {
    let number = text.split_once("(PostgreSQL) ")?.1;
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_off_what_the_program_says() {
        let cases = [
            ("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 18\n", Some(18)),
            ("postgres (PostgreSQL) 17beta1\n", Some(17)),
            ("something else", None),
        ];
        for (text, version) in cases {
            assert_eq!(read_version(text), version, "{text}");
        }
    }
}

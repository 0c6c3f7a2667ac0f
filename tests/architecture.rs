//! Reads the sources: who uses whom, how long files and functions are.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the tree has failed")]

use std::fs;
use std::path::{Path, PathBuf};

/// From the inside out. A module may use those of the rows before its own; settings and keys may use one another.
const LAYERS: &[&[&str]] = &[
    &["failure"],
    &["records"],
    &["diagnosis"],
    &["lifecycle"],
    &["config", "keys", "password"],
    &["store", "dns", "seal"],
    &["verify"],
    &["console"],
    &["web", "api", "sweep", "outbox"],
    &["app", "demo"],
    &["cli"],
];

/// Crates that only these modules may name.
const CONFINED: &[(&str, &[&str])] = &[
    ("hickory_proto", &["dns", "demo"]),
    ("askama", &["web", "outbox", "demo"]),
    ("lettre", &["outbox"]),
    (
        "tokio",
        &[
            "store", "dns", "seal", "keys", "password", "verify", "console", "web", "api", "sweep", "outbox", "app",
            "cli", "demo",
        ],
    ),
    (
        "tracing",
        &[
            "store", "dns", "seal", "keys", "password", "verify", "console", "web", "api", "sweep", "outbox", "app",
            "cli", "demo",
        ],
    ),
    ("axum", &["config", "web", "api", "app", "cli", "demo"]),
];

/// Files over 300 lines from before the limit was watched: they may only shrink.
const LONG_FILES: &[(&str, usize)] = &[];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false if path.extension().is_some_and(|end| end == "rs") => vec![path],
            false => Vec::new(),
        })
        .collect()
}

/// The module below `src` that a file belongs to.
fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// A file's lines before its tests.
fn without_tests(text: &str) -> Vec<&str> {
    let is_end = |lines: &[&str]| lines[0].trim() == "#[cfg(test)]" && lines[1].starts_with("mod tests {");
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.windows(2).position(is_end).unwrap_or(lines.len());
    lines[..end].to_vec()
}

fn row_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// The modules that a line's `crate::…` names.
fn named_modules(line: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>();
    let names = line.split("crate::").skip(1).flat_map(|rest| match rest.strip_prefix('{') {
        Some(list) => list.split(',').map(|item| word(item.trim())).collect(),
        None => vec![word(rest)],
    });
    names.filter(|name| row_of(name).is_some()).collect()
}

/// What is wrong with a module's use of others, a sentence each.
fn breaches(module: &str, text: &str) -> Vec<String> {
    let Some(row) = row_of(module) else { return Vec::new() };
    let code = without_tests(text).into_iter().filter(|line| !line.trim_start().starts_with("//"));
    let mut found = Vec::new();
    for line in code {
        for named in named_modules(line) {
            let other = row_of(&named).unwrap();
            let is_sideways = other == row && named != module && row != 4;
            if other > row || is_sideways {
                found.push(format!("{module} uses {named}: {}", line.trim()));
            }
        }
        for (krate, allowed) in CONFINED {
            if line.contains(&format!("{krate}::")) && !allowed.contains(&module) {
                found.push(format!("{module} uses {krate}: {}", line.trim()));
            }
        }
    }
    found
}

/// The names and lengths of functions of over 60 lines: from `fn` to the closing brace at the same depth.
fn long_functions(lines: &[&str]) -> Vec<String> {
    let is_start = |line: &str| {
        let line = line.trim_start();
        ["fn ", "pub fn ", "async fn ", "pub async fn ", "pub(super) fn ", "pub(crate) fn "]
            .iter()
            .any(|s| line.starts_with(s))
    };
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate().filter(|(_, line)| is_start(line)) {
        let depth = line.len() - line.trim_start().len();
        let end = format!("{}}}", " ".repeat(depth));
        let length = lines[start..].iter().position(|line| **line == end).map_or(1, |length| length + 1);
        let is_one_line = line.trim_end().ends_with(['}', ';']);
        if length > 60 && !is_one_line {
            found.push(format!("{} ({length} lines)", line.trim()));
        }
    }
    found
}

#[test]
fn an_inner_layer_never_uses_an_outer_one() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let is_test = |path: &PathBuf| matches!(path.file_stem().and_then(|stem| stem.to_str()), Some("tests" | "samples"));
    let files = sources(&src).into_iter().filter(|path| !is_test(path));
    let found: Vec<String> =
        files.flat_map(|path| breaches(&module_of(&path), &fs::read_to_string(&path).unwrap())).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_planted_breach_is_caught() {
    for (module, line) in [
        ("records", "use crate::diagnosis::Finding;"),
        ("diagnosis", "use crate::{failure::Failure, store::domains};"),
        ("store", "use crate::dns::Dns;"),
        ("web", "    let x = crate::api::router();"),
        ("lifecycle", "use tokio::time::sleep;"),
        ("console", "use hickory_proto::rr::Name;"),
    ] {
        assert_eq!(breaches(module, line).len(), 1, "{module}: {line}");
    }
    assert!(breaches("web", "use crate::console::Console;\n// crate::api").is_empty());
    assert_eq!(long_functions(&[&["fn a() {"][..], &["    x();"; 60], &["}"]].concat()).len(), 1);
}

#[test]
fn files_and_functions_stay_short() {
    let mut found = Vec::new();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let lines = without_tests(&text);
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
        let known = LONG_FILES.iter().find(|(name, _)| path.ends_with(name));
        let limit = known.map_or(300, |(_, lines)| *lines);
        if lines.len() > limit && !is_test && !path.ends_with("mailbox_providers.rs") {
            found.push(format!("{} has {} lines", path.display(), lines.len()));
        }
        found.extend(long_functions(&lines).into_iter().map(|function| format!("{}: {function}", path.display())));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

//! `BENCHMARKS.md`: a section a benchmark, each written anew by its own run, and the machine that it ran on.

use std::path::Path;
use std::process::Command;

const TITLE: &str = "# Benchmarks\n\nWritten by `make bench`, on the machine named in each section. A figure that does not reach what it is to reach says \
MISS.\n";

/// Replaces the section, or adds it at the end.
pub fn write(section: &str, about: &[String], table: &str) -> std::io::Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("BENCHMARKS.md");
    let old = std::fs::read_to_string(&file).unwrap_or_default();
    let heading = format!("## {section}\n");
    let mut sections: Vec<String> =
        old.split("\n## ").skip(1).map(|text| format!("## {}\n", text.trim_end())).collect();
    let about: String = about.iter().map(|line| format!("{line}\n")).collect();
    let text = format!("{heading}\n{}\n{about}\n{table}", machine());
    match sections.iter_mut().find(|old| old.starts_with(&heading)) {
        Some(old) => *old = text,
        None => sections.push(text),
    }
    sections.sort();
    std::fs::write(file, format!("{TITLE}\n{}", sections.join("\n")))
}

fn line_of(file: &str, start: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(start)).unwrap_or_default();
    line.split_once([':', '=']).map(|(_, value)| value.trim().trim_matches('"').to_owned()).unwrap_or_default()
}

/// Processor, cores, memory, system, load, compiler.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory: f64 = line_of("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0.0);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    let rustc = Command::new("rustc").arg("--version").output().map(|said| said.stdout).unwrap_or_default();
    format!(
        "{}, {cores} cores, {:.0} GiB, {}, {}; load at the end {load}; {}.\n",
        line_of("/proc/cpuinfo", "model name"),
        memory / 1024.0 / 1024.0,
        line_of("/etc/os-release", "PRETTY_NAME"),
        format_args!("Linux {}", std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim()),
        String::from_utf8_lossy(&rustc).trim()
    )
}

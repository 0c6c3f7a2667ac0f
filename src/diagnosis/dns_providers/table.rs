//! The grammar of the table of providers: names in brackets, `field = value` below them.

use super::{Apex, Long, Priority, Provider};

/// Reads the whole table; the error names the line.
pub fn read(text: &'static str) -> Result<Vec<Provider>, String> {
    let mut providers: Vec<Provider> = Vec::new();
    for (at, line) in text.lines().map(str::trim).enumerate() {
        let wrong = |what: &str| format!("line {}: {what}: {line}", at + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            let name = name.strip_suffix(']').ok_or_else(|| wrong("no closing bracket"))?;
            providers.push(Provider { name, ..Provider::default() });
            continue;
        }
        let (field, value) = line.split_once('=').ok_or_else(|| wrong("no field"))?;
        let provider = providers.last_mut().ok_or_else(|| wrong("stands before the first provider"))?;
        set(provider, field.trim(), value.trim()).ok_or_else(|| wrong("unknown field or value, or there twice"))?;
    }
    match providers.iter().find(|provider| provider.servers.is_empty() || provider.page.is_empty()) {
        Some(provider) => Err(format!("{} has no servers or no page", provider.name)),
        None => Ok(providers),
    }
}

fn set(provider: &mut Provider, field: &str, value: &'static str) -> Option<()> {
    let once = |place: &mut Option<&'static str>| place.replace(value).is_none().then_some(());
    match (field, value) {
        (_, "") => None,
        ("servers", list) if provider.servers.is_empty() => {
            provider.servers = list.split_whitespace().collect();
            Some(())
        }
        ("page", page) if provider.page.is_empty() => {
            provider.page = page;
            Some(())
        }
        ("host", _) => once(&mut provider.host),
        ("value", _) => once(&mut provider.value),
        ("proxy", _) => once(&mut provider.proxy),
        ("note", _) => once(&mut provider.note),
        ("zone", "appended") => (!std::mem::replace(&mut provider.is_zone_appended, true)).then_some(()),
        ("dot", "needed") => (!std::mem::replace(&mut provider.is_dot_needed, true)).then_some(()),
        ("apex", "@") => provider.apex.replace(Apex::AtSign).is_none().then_some(()),
        ("apex", "empty") => provider.apex.replace(Apex::Empty).is_none().then_some(()),
        ("priority", "own") => provider.priority.replace(Priority::OwnField).is_none().then_some(()),
        ("priority", "inside") => provider.priority.replace(Priority::Inside).is_none().then_some(()),
        ("long", "whole") => provider.long.replace(Long::Whole).is_none().then_some(()),
        ("long", "strings") => provider.long.replace(Long::Strings).is_none().then_some(()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_breaks_the_grammar_is_named() {
        let good = "[A]\nservers = a.example b.example\npage = https://a.example/\napex = @\n";
        assert_eq!(read(good).unwrap()[0].apex, Some(Apex::AtSign));
        let cases = [
            ("host = Name", "line 1: stands before"),
            ("[A", "line 1: no closing"),
            ("[A]\nnonsense", "line 2: no field"),
            ("[A]\napex = root", "line 2: unknown"),
            ("[A]\nhost = Name\nhost = Host", "line 3: unknown field or value, or there twice"),
            ("[A]\nhost =", "line 2: unknown"),
            ("[A]\nservers = a.example", "A has no servers or no page"),
        ];
        for (text, said) in cases {
            assert!(read(text).unwrap_err().starts_with(said), "{text}: {:?}", read(text));
        }
    }
}

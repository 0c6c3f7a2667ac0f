//! Lists of names as people bring them: CSV with or without a head line, or JSON lines. Reading never fails: a line
//! that cannot be used says why, and the others stay.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One line that names something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedName {
    /// Counted from 1, as an editor does.
    pub number: u32,
    /// As written.
    pub name: String,
    pub tags: BTreeMap<String, String>,
    /// Why the line cannot be used, as a sentence; empty where it can.
    pub problem: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The name first. Under a head line that begins with `name` or `domain`, further columns are tags by their
    /// titles; without one, further cells are tags as `key=value`.
    Csv,
    /// A string a line, or `{"name": …, "tags": {…}}`.
    JsonLines,
}

/// The lines in order; empty ones and those that begin with `#` do not count.
pub fn read(text: &str, shape: Shape) -> impl Iterator<Item = ListedName> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut head = Head::of(text, shape);
    let lines = text.lines().zip(1..);
    lines.filter_map(move |(line, number)| {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || head.is_itself(line) {
            return None;
        }
        let mut listed = ListedName { number, name: String::new(), tags: BTreeMap::new(), problem: String::new() };
        match shape {
            Shape::Csv => head.read(line, &mut listed),
            Shape::JsonLines => read_json(line, &mut listed),
        }
        Some(listed)
    })
}

/// What the first line says of the others.
struct Head<'a> {
    line: Option<&'a str>,
    separator: char,
    /// The titles behind the name.
    titles: Vec<String>,
}

impl<'a> Head<'a> {
    fn of(text: &'a str, shape: Shape) -> Self {
        let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        let first = first.filter(|_| shape == Shape::Csv).unwrap_or_default();
        let separator = ['\t', ';', ','].into_iter().find(|separator| first.contains(*separator)).unwrap_or(',');
        let cells = cells(first, separator);
        let is_head = cells.first().is_some_and(|cell| matches!(cell.to_lowercase().as_str(), "name" | "domain"));
        let titles = if is_head { cells.into_iter().skip(1).collect() } else { Vec::new() };
        Self { line: is_head.then_some(first), separator, titles }
    }

    /// Once, and not where the same text comes again.
    fn is_itself(&mut self, line: &str) -> bool {
        self.line.take_if(|head| *head == line).is_some()
    }

    fn read(&self, line: &str, listed: &mut ListedName) {
        let mut cells = cells(line, self.separator).into_iter();
        listed.name = cells.next().unwrap_or_default();
        let mut titles = self.titles.iter();
        for cell in cells.filter(|cell| !cell.is_empty() || !self.titles.is_empty()) {
            match (titles.next(), cell.split_once('=')) {
                (Some(_), _) if cell.is_empty() => {}
                (Some(title), _) => {
                    listed.tags.insert(title.clone(), cell);
                }
                (None, Some((key, value))) if !key.is_empty() && !value.is_empty() => {
                    listed.tags.insert(key.to_owned(), value.to_owned());
                }
                (None, _) => {
                    let shown: String = cell.chars().take(40).collect();
                    listed.problem = format!("“{shown}” is no tag; key=value is accepted, such as customer=acme.");
                }
            }
        }
    }
}

/// The cells of a line, quotes taken off (RFC 4180 section 2). A cell does not go over a line's end.
fn cells(line: &str, separator: char) -> Vec<String> {
    let (mut cells, mut cell, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => is_quoted = !is_quoted,
            c if c == separator && !is_quoted => cells.push(std::mem::take(&mut cell).trim().to_owned()),
            c => cell.push(c),
        }
    }
    cells.push(cell.trim().to_owned());
    cells
}

#[derive(Deserialize)]
#[serde(untagged)]
enum JsonLine {
    Name(String),
    Object(JsonObject),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonObject {
    name: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

fn read_json(line: &str, listed: &mut ListedName) {
    match serde_json::from_str(line) {
        Ok(JsonLine::Name(name)) => listed.name = name,
        Ok(JsonLine::Object(object)) => (listed.name, listed.tags) = (object.name, object.tags),
        Err(_) => {
            listed.name = line.chars().take(80).collect();
            listed.problem = "This is no JSON string and no object with “name” and “tags”.".to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str, shape: Shape) -> Vec<(u32, String, String)> {
        let told = |tags: &BTreeMap<String, String>| {
            tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
        };
        read(text, shape)
            .map(|listed| {
                let rest = if listed.problem.is_empty() { told(&listed.tags) } else { format!("! {}", listed.problem) };
                (listed.number, listed.name, rest)
            })
            .collect()
    }

    fn line(number: u32, name: &str, rest: &str) -> (u32, String, String) {
        (number, name.to_owned(), rest.to_owned())
    }

    #[test]
    fn a_list_of_names_is_read_line_by_line() {
        let read = names("\u{feff}a.example\n\n# a note\r\n  b.example , team=x \nc.example,,k=v=w\n", Shape::Csv);
        assert_eq!(read, [line(1, "a.example", ""), line(4, "b.example", "team=x"), line(5, "c.example", "k=v=w")]);
    }

    #[test]
    fn columns_below_a_head_line_are_tags() {
        let read = names("Domain;customer;region\n\"a.example\";\"Acme; \"\"Ltd\"\"\";\nDomain;x;y\n", Shape::Csv);
        assert_eq!(read, [line(2, "a.example", "customer=Acme; \"Ltd\""), line(3, "Domain", "customer=x region=y")]);
    }

    #[test]
    fn a_cell_that_is_no_tag_is_told() {
        let read = names("a.example,12\nb.example\n", Shape::Csv);
        assert!(read[0].2.starts_with("! “12” is no tag") && read[1] == line(2, "b.example", ""));
    }

    #[test]
    fn json_lines_are_strings_or_objects() {
        let text = "\"a.example\"\n{\"name\": \"b.example\", \"tags\": {\"k\": \"v\"}}\n{\"nam\": 1}\nx\n";
        let read = names(text, Shape::JsonLines);
        assert_eq!(read[..2], [line(1, "a.example", ""), line(2, "b.example", "k=v")]);
        assert!(read[2].2.starts_with("! This is no JSON") && read[3].1 == "x");
    }
}

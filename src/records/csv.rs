//! CSV out of the console (RFC 4180), for spreadsheets: no cell is ever taken for a formula.

/// One line, its end included.
pub fn line(cells: &[&str]) -> String {
    let quoted: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    format!("{}\r\n", quoted.join(","))
}

/// Spreadsheets run what begins like a formula; a quote in front makes it text. A single sign is none, and stays.
fn cell(text: &str) -> String {
    let is_formula = text.len() > 1 && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', ';', '\r', '\n', '\t']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_every_cell_comes_back() {
        let cases = [
            ("a.example", "a.example"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("@", "@"),
            ("-2+3", "'-2+3"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\nlines", "\"two\nlines\""),
        ];
        for (text, written) in cases {
            assert_eq!(line(&[text, ""]), format!("{written},\r\n"));
        }
    }
}

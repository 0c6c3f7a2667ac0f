//! Numbers as people read them.

/// With a comma at each thousand.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 domain`, `1,204 domains`.
pub fn counted(count: u32, one: &str, several: &str) -> String {
    format!("{} {}", grouped(u64::from(count)), if count == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (count, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (123_456, "123,456"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(count), text);
        }
        assert_eq!((counted(1, "day", "days").as_str(), counted(0, "day", "days").as_str()), ("1 day", "0 days"));
    }
}

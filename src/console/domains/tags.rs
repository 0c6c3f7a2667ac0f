//! What a tag may be.

use std::collections::BTreeMap;

use crate::failure::Failure;

pub(in crate::console) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Failure> {
    let is_plain = |text: &str| !text.chars().any(char::is_control);
    let is_key = |key: &str| !key.is_empty() && key.chars().count() <= 64 && is_plain(key) && !key.contains([':', '=']);
    if tags.len() > 50 {
        return Err(Failure::field("tags", format!("There are {} tags; at most 50 are accepted.", tags.len())));
    }
    for (key, value) in tags {
        if !is_key(key) {
            return Err(Failure::field("tags", "A tag's key has 1 to 64 visible characters, without “:” and “=”."));
        }
        if value.chars().count() > 256 || !is_plain(value) {
            return Err(Failure::field("tags", "A tag's value has at most 256 visible characters."));
        }
    }
    Ok(())
}

//! Values on their way in and out: PostgreSQL's text and jsonb hold no NUL character, but DNS answers may.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::StoreError;

/// What stands for a NUL: the control picture of it.
const NUL_PICTURE: &str = "\u{2400}";

/// The text with each NUL made visible.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', NUL_PICTURE)
}

/// The value as jsonb, each NUL made visible.
pub(super) fn storable_json(column: &str, value: &impl Serialize) -> Result<Value, StoreError> {
    let mut json = serde_json::to_value(value).map_err(|error| StoreError::unreadable(column, error))?;
    show_nuls(&mut json);
    Ok(json)
}

fn show_nuls(json: &mut Value) {
    match json {
        Value::String(text) if text.contains('\0') => *text = storable(text),
        Value::Array(items) => items.iter_mut().for_each(show_nuls),
        Value::Object(fields) => {
            let held = std::mem::take(fields);
            fields.extend(held.into_iter().map(|(name, mut value)| {
                show_nuls(&mut value);
                (storable(&name), value)
            }));
        }
        _ => {}
    }
}

/// A jsonb column as one of our types.
pub(super) fn read_json<T: DeserializeOwned>(column: &str, json: Value) -> Result<T, StoreError> {
    serde_json::from_value(json).map_err(|error| StoreError::unreadable(column, error))
}

/// A text column as one of our enums, by the name that serde knows.
pub(super) fn read_word<T: DeserializeOwned>(column: &str, word: String) -> Result<T, StoreError> {
    read_json(column, Value::String(word))
}

/// A count column.
pub(super) fn read_count(column: &str, count: i32) -> Result<u32, StoreError> {
    u32::try_from(count).map_err(|error| StoreError::unreadable(column, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_nul_out_of_dns_is_made_visible_wherever_it_stands() {
        let held = json!({"a\0": ["x\0y", {"b": "\0"}], "n": 1});
        let stored = storable_json("findings", &held).unwrap();
        assert_eq!(stored, json!({"a␀": ["x␀y", {"b": "␀"}], "n": 1}));
    }
}

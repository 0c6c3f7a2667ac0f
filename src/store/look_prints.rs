//! The prints of what verified domains' names said when they were last judged.
//!
//! Every statement that changes records or keys takes the domain's print away and counts `touched` up, in the same
//! statement; a test reads the sources for it.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;

/// What is known of a domain's answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintRow {
    pub domain_id: Uuid,
    /// As it was read before the domain was judged.
    pub touched: i64,
    /// The questions, a line each.
    pub asked: String,
    pub print: Vec<u8>,
}

/// Keeps prints that were taken under one program and profile; but none of a domain that was touched since its row was
/// read, or that is gone.
pub async fn keep(
    connection: &mut PgConnection,
    rows: &[PrintRow],
    judged_by: &[u8],
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.domain_id).collect();
    let touched: Vec<i64> = rows.iter().map(|row| row.touched).collect();
    let asked: Vec<String> = rows.iter().map(|row| row.asked.clone()).collect();
    let prints: Vec<Vec<u8>> = rows.iter().map(|row| row.print.clone()).collect();
    sqlx::query!(
        "INSERT INTO look_prints (domain_id, touched, asked, print, judged_by, judged_at)
         SELECT domains.id, seen.touched, seen.asked, seen.print, $5, $6
         FROM UNNEST($1::uuid[], $2::bigint[], $3::text[], $4::bytea[]) AS seen (domain_id, touched, asked, print)
         JOIN domains ON domains.id = seen.domain_id
         ORDER BY domains.id
         FOR KEY SHARE OF domains
         ON CONFLICT (domain_id) DO UPDATE
         SET asked = excluded.asked,
             print = excluded.print,
             judged_by = excluded.judged_by,
             judged_at = excluded.judged_at
         WHERE look_prints.touched = excluded.touched",
        &ids,
        &touched,
        &asked,
        &prints,
        judged_by,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// The statements of a source that write to a table, each up to its end.
    fn writes<'a>(text: &'a str, table: &str) -> Vec<&'a str> {
        let words = ["INSERT INTO", "UPDATE", "DELETE FROM"].map(|word| format!("{word} {table}"));
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let found = words.iter().flat_map(|words| text.match_indices(words.as_str()));
        let whole = found.filter(|(at, words)| !text[at + words.len()..].starts_with(is_name));
        whole.map(|(at, _)| &text[text[..at].rfind("pub async fn").unwrap_or(0)..at]).collect()
    }

    #[test]
    fn whatever_changes_records_or_keys_takes_the_print_away() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
        let mut count = 0;
        for name in ["records.rs", "keys.rs", "domains/mod.rs", "domains/looked.rs", "sweep_slots.rs", "due_looks.rs"] {
            let text = std::fs::read_to_string(folder.join(name)).unwrap();
            for before in writes(&text, "records").into_iter().chain(writes(&text, "dkim_keys")) {
                count += 1;
                let is_said = before.contains("look_prints") || before.contains("touches no print:");
                assert!(is_said, "{name}: {before}");
            }
        }
        assert!(count >= 3, "{count}");
    }
}

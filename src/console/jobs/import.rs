//! What an import says of each line before anything is made.

use std::collections::{BTreeMap, HashMap};

use sqlx::PgConnection;
use uuid::Uuid;

use super::Names;
use crate::console::domains::{check_tags, name_failure};
use crate::failure::Failure;
use crate::records::DomainName;
use crate::records::name_list::ListedName;
use crate::store;
use crate::store::jobs::lines::LineRow;

/// A line of an import, refused where it cannot be used.
pub(super) fn line(listed: ListedName, names: Names, seen: &mut HashMap<String, u32>) -> LineRow {
    let refused = |name: String, message: String| LineRow {
        number: listed.number,
        name: name.chars().take(300).collect(),
        tags: BTreeMap::new(),
        outcome: Some("refused".to_owned()),
        message,
    };
    if !listed.problem.is_empty() {
        return refused(listed.name, listed.problem);
    }
    let parsed = match names {
        Names::Strict => DomainName::parse_sender(&listed.name),
        Names::Cleaned => DomainName::clean(&listed.name).map(|cleaned| cleaned.name),
    };
    let name = match parsed {
        Ok(name) => name.to_string(),
        Err(error) => {
            let message = first_message(&name_failure(&listed.name, &error));
            return refused(listed.name, message);
        }
    };
    if let Err(failure) = check_tags(&listed.tags) {
        return refused(name, first_message(&failure));
    }
    if let Some(number) = seen.get(&name) {
        let message = format!("Line {number} has this name already.");
        return refused(name, message);
    }
    seen.insert(name.clone(), listed.number);
    LineRow { number: listed.number, name, tags: listed.tags, outcome: None, message: String::new() }
}

/// What a failure says of the one thing that was asked.
pub(super) fn first_message(failure: &Failure) -> String {
    match failure {
        Failure::Unacceptable(errors) => errors.first().map(|error| error.message.clone()).unwrap_or_default(),
        other => other.to_string(),
    }
}

/// Refuses what the team has already.
pub(super) async fn refuse_known(
    connection: &mut PgConnection,
    team_id: Uuid,
    rows: &mut [LineRow],
) -> Result<(), Failure> {
    let names: Vec<String> = rows.iter().filter(|row| row.outcome.is_none()).map(|row| row.name.clone()).collect();
    let known = store::domains::known_names(connection, team_id, &names).await?;
    for row in rows.iter_mut().filter(|row| row.outcome.is_none() && known.contains(&row.name)) {
        row.outcome = Some("refused".to_owned());
        row.message = "This team has it already.".to_owned();
    }
    Ok(())
}

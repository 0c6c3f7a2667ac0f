//! A domain's records in the forms that DNS providers and spreadsheets take.

use super::view::DomainView;
use crate::diagnosis::Verdict;
use crate::records::csv;
use crate::records::zonefile::{self, ZoneEntry};

impl DomainView {
    /// A BIND zone fragment of what is to be published.
    pub fn zone_file(&self) -> String {
        let offered = self.records.iter().filter(|record| record.is_offered());
        let entries: Vec<ZoneEntry> = offered
            .map(|record| ZoneEntry {
                name: record.name.clone(),
                rtype: record.rtype,
                value: record.suggested_value.clone().unwrap_or_else(|| record.value.clone()),
                priority: record.priority,
                replaces: record.replaced(),
            })
            .collect();
        zonefile::render(&entries)
    }

    /// The same as CSV, with what was last seen of each.
    pub fn records_csv(&self) -> String {
        let mut text = csv::line(&["type", "host", "full name", "value", "priority", "zone", "status", "last seen"]);
        for record in self.records.iter().filter(|record| record.is_offered()) {
            text.push_str(&csv::line(&[
                record.rtype.as_str(),
                &record.host,
                &record.name,
                record.suggested_value.as_deref().unwrap_or(&record.value),
                &record.priority.map(|priority| priority.to_string()).unwrap_or_default(),
                &self.zone,
                record.status.as_str(),
                record.verdict.map_or("", Verdict::as_str),
            ]));
        }
        text
    }
}

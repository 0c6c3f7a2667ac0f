//! "At your provider": who serves the zone, by its nameservers, and what the provider's form wants. Only what is
//! certain is said, and only what these records need.

use askama::Template;

use super::domains::RecordRow;
use crate::diagnosis::dns_providers::{self, Apex, Long, Priority, Provider};
use crate::records::OwnerName;

#[derive(Debug, Template)]
#[template(path = "provider.html")]
pub struct ProviderView {
    pub name: &'static str,
    pub page: &'static str,
    pub servers: String,
    pub habits: Vec<String>,
}

impl ProviderView {
    /// `None` where the nameservers are nobody's that we know.
    pub fn find(nameservers: &[String], zone: &str, rows: &[&RecordRow]) -> Option<Self> {
        let provider = nameservers.iter().find_map(|server| dns_providers::find(&OwnerName::new(server)))?;
        let habits = habits(provider, zone, rows);
        Some(Self { name: provider.name, page: provider.page, servers: nameservers.join(", "), habits })
    }
}

fn habits(provider: &Provider, zone: &str, rows: &[&RecordRow]) -> Vec<String> {
    let offered: Vec<&&RecordRow> = rows.iter().filter(|row| !row.is_inherited && !row.is_good()).collect();
    let has = |is_it: &dyn Fn(&RecordRow) -> bool| offered.iter().any(|row| is_it(row));
    let mut said = Vec::new();
    match (provider.host, provider.value.filter(|_| has(&|row| row.rtype == "TXT"))) {
        (Some(host), Some(value)) => {
            said.push(format!("Its form calls the host “{host}” and the value of a TXT record “{value}”."));
        }
        (Some(host), None) => said.push(format!("Its form calls the host “{host}”.")),
        (None, Some(value)) => said.push(format!("Its form calls the value of a TXT record “{value}”.")),
        (None, None) => {}
    }
    if provider.is_zone_appended && has(&|row| row.host != "@") {
        said.push(format!("It adds .{zone} to the host by itself: type the host as it is shown here."));
    }
    match provider.apex.filter(|_| has(&|row| row.host == "@")) {
        Some(Apex::AtSign) => said.push("The zone itself is typed as @.".to_owned()),
        Some(Apex::Empty) => said.push("Where @ is shown here, leave the host empty.".to_owned()),
        None => {}
    }
    if let Some(mx) = offered.iter().find(|row| row.rtype == "MX") {
        match provider.priority {
            Some(Priority::OwnField) => said.push("The priority of an MX record has a field of its own.".to_owned()),
            Some(Priority::Inside) => {
                let priority = mx.priority.unwrap_or(10);
                said.push(format!(
                    "The priority of an MX record stands in front of its value: {priority} {}",
                    mx.value
                ));
            }
            None => {}
        }
    }
    match provider.long.filter(|_| has(&|row| row.rtype == "TXT" && row.value.len() > 255)) {
        Some(Long::Whole) => said.push("It takes long values in one piece.".to_owned()),
        Some(Long::Strings) => {
            said.push("A value over 255 characters is entered as several strings, each in double quotes.".to_owned());
        }
        None => {}
    }
    let has_target = has(&|row| matches!(row.rtype, "CNAME" | "MX"));
    if provider.is_dot_needed && has_target {
        said.push("End the target of a CNAME or MX record with a dot, or the zone is added to it.".to_owned());
    }
    if let Some(proxy) = provider.proxy.filter(|_| has(&|row| row.rtype == "CNAME")) {
        said.push(format!("Set the proxy of a CNAME record to “{proxy}”."));
    }
    said.extend(provider.note.map(str::to_owned));
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::domains::samples::domain;

    fn habits_at(server: &str) -> Option<Vec<String>> {
        let rows = RecordRow::all(&domain().records);
        let rows: Vec<&RecordRow> = rows.iter().collect();
        ProviderView::find(&[server.to_owned()], "example.com", &rows).map(|view| view.habits)
    }

    #[test]
    fn the_form_is_described_as_far_as_these_records_need_it() {
        let said = habits_at("ada.ns.cloudflare.com").unwrap().join(" ");
        for part in [
            "the host “Name” and the value of a TXT record “Content”",
            "adds .example.com",
            "field of its own",
            "in one piece",
            "“DNS only”",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains('@'), "no record stands at the zone itself");
        let said = habits_at("ns-1.awsdns-00.com").unwrap().join(" ");
        assert!(said.contains("10 bounce.mta.example") && said.contains("several strings"), "{said}");
    }

    #[test]
    fn an_unknown_nameserver_is_no_provider() {
        assert_eq!(habits_at("ns1.example.net"), None);
    }

    #[test]
    fn what_stands_there_already_needs_no_form() {
        let mut sample = domain();
        sample.records.retain(|record| record.is_inherited);
        let rows = RecordRow::all(&sample.records);
        let view =
            ProviderView::find(&["ada.ns.cloudflare.com".into()], "example.com", &rows.iter().collect::<Vec<_>>());
        assert_eq!(view.unwrap().habits, ["Its form calls the host “Name”."]);
    }
}

//! `signet check DOMAIN`: one diagnosis without a database.

use std::process::ExitCode;

use clap::Args;

use super::report;
use crate::app;
use crate::config::Config;
use crate::diagnosis::{Diagnosis, Verdict};
use crate::dns::Dns;
use crate::records::plan::{Plan, PlannedRecord, RecordKey, Wanted};
use crate::records::{DomainName, Selector};
use crate::verify;

#[derive(Args)]
pub struct Check {
    domain: String,
    /// Also ask for the DKIM key at this selector; may be given several times
    #[arg(long = "selector", value_name = "S")]
    selectors: Vec<String>,
    /// Answer in the shape of the API
    #[arg(long)]
    json: bool,
}

impl Check {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let domain = match DomainName::parse(&self.domain) {
            Ok(domain) => domain,
            Err(error) => return Ok(unusable(&format!("the domain {error}"))),
        };
        let mut selectors = Vec::new();
        for text in &self.selectors {
            match Selector::parse(text) {
                Ok(selector) => selectors.push(selector),
                Err(error) => return Ok(unusable(&error.to_string())),
            }
        }
        let plan = plan(&domain, &selectors, config);
        let dns = Dns::start(app::dns_settings(config)).await?;
        let diagnosis = verify::look(&dns, &plan).await;
        if self.json {
            println!("{:#}", report::json(&plan, &diagnosis));
        } else {
            print!("{}", report::text(&plan, &diagnosis, selectors.is_empty()));
        }
        Ok(ExitCode::from(status(&diagnosis)))
    }
}

fn unusable(message: &str) -> ExitCode {
    eprintln!("signet: {message}");
    ExitCode::from(2)
}

/// 1: an error found, even beside unknowns; 2: none found but something could not be asked; 0 otherwise.
fn status(diagnosis: &Diagnosis) -> u8 {
    let findings = diagnosis.records.iter().flat_map(|record| &record.findings).chain(&diagnosis.findings);
    if findings.into_iter().any(crate::diagnosis::Finding::is_error) {
        return 1;
    }
    if diagnosis.records.iter().any(|record| record.verdict == Verdict::Unknown) { 2 } else { 0 }
}

/// What is expected where no account says it: any valid key at the selectors, our servers where the settings name
/// them.
fn plan(domain: &DomainName, selectors: &[Selector], config: &Config) -> Plan {
    let record = |key, owner, wanted| PlannedRecord { key, owner, wanted, is_required: true, alternatives: Vec::new() };
    let mut records: Vec<PlannedRecord> = selectors
        .iter()
        .map(|selector| {
            let wanted = Wanted::Dkim { selector: selector.clone(), public: None, older: Vec::new() };
            record(RecordKey::Dkim(selector.clone()), selector.owner(domain), wanted)
        })
        .collect();
    let profile = &config.profile;
    records.push(record(RecordKey::Spf, domain.owner(), Wanted::Spf { mechanisms: profile.spf.clone() }));
    records.push(record(RecordKey::Dmarc, domain.prefixed("_dmarc"), Wanted::Dmarc { offer: profile.dmarc.clone() }));
    records.push(record(RecordKey::Mx, domain.owner(), Wanted::Mx { offer: profile.mx.clone(), is_decided: false }));
    Plan { domain: domain.clone(), records, former_mx: Vec::new(), broken: Vec::new() }
}

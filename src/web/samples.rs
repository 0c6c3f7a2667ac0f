//! Writes the sample pages that the tests render into the directory named by `SIGNET_PAGE_SAMPLES`, to look at.

use super::{assets, domains, records, settings};

#[test]
fn sample_pages_render() {
    let pages = [
        ("list", domains::list_samples::sample()),
        ("list-empty", domains::list_samples::sample_empty()),
        ("new", domains::add_samples::sample()),
        ("domain", domains::samples::html(&domains::samples::domain())),
        ("record", records::tests::sample()),
        ("profile", settings::profile::tests::sample()),
        ("profile-preview", settings::profile::preview::tests::sample()),
        ("health", settings::health::tests::sample()),
        ("alerts", settings::alerts::tests::sample(true)),
        ("messages", settings::alerts::sample_messages()),
        ("tokens", settings::tokens::tests::sample()),
    ];
    let Ok(directory) = std::env::var("SIGNET_PAGE_SAMPLES") else {
        return;
    };
    for (name, html) in pages {
        for file in ["signet.css", "signet.js", "favicon.svg"] {
            assert!(html.contains(&assets::url(file)), "{name} loads {file}");
        }
        let html = html.replace("=\"/static/", "=\"static/").replace("?v=", "#");
        std::fs::write(format!("{directory}/{name}.html"), html).unwrap();
    }
}

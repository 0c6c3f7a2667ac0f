//! The editor of the sending profile, by form and without a script, and what an edit does to domains.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::browser::{Browser, text_of};
use crate::server::{Answer, TestApp};

const EDITOR: &str = "/settings/profile";

/// The platform's zone with a second SPF name and a bounce host.
const PLATFORM: &str = "\
spf TXT \"v=spf1 ip4:192.0.2.0/24 -all\"
spf2 TXT \"v=spf1 ip4:198.51.100.0/24 -all\"
bounce A 192.0.2.25
";

async fn save(browser: &Browser, fields: &[(&str, &str)]) -> Answer {
    browser.submit(EDITOR, fields).await
}

/// What a form on the page would send with this button pressed.
fn filled<'a>(page: &'a scraper::Html, button: (&'a str, &'a str)) -> Vec<(&'a str, &'a str)> {
    let inputs = scraper::Selector::parse("form[action='/settings/profile'] input").unwrap();
    let value = |input: scraper::ElementRef<'a>| {
        (input.value().attr("name").unwrap(), input.value().attr("value").unwrap_or_default())
    };
    page.select(&inputs).map(value).chain([button]).collect()
}

async fn press(browser: &Browser, page: &Answer, button: (&str, &str)) -> Answer {
    let html = scraper::Html::parse_document(&page.text);
    let fields: Vec<(String, String)> =
        filled(&html, button).into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    save(browser, &fields).await
}

fn record<'a>(domain: &'a Value, key: &str) -> &'a Value {
    domain["records"].as_array().unwrap().iter().find(|record| record["key"] == key).unwrap()
}

/// A domain with everything in place, verified.
async fn verified(app: &TestApp, name: &str) -> Value {
    app.post("/api/v1/domains", json!({ "name": name })).await;
    let zone = app.send("GET", &format!("/api/v1/domains/{name}/zone"), "", "").await;
    app.publish(&zone.text);
    let (_, domain) = app.post(&format!("/api/v1/domains/{name}/verify"), json!({})).await;
    assert_eq!(domain["status"], "verified", "{domain:#}");
    domain
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_says_how_many_domains_it_touches_before_it_is_saved() {
    let app = TestApp::start().await;
    app.set_zone("mta.example", PLATFORM);
    let domain = verified(&app, "mail.example.com").await;
    let browser = app.signed_in().await;

    let preview = save(&browser, &[("spf", "include:spf.mta.example include:spf2.mta.example")]).await;
    assert_eq!(preview.status, StatusCode::OK);
    let said = text_of(&preview.text, "ul.changes");
    assert_eq!(said, "1 domain will be asked to publish a new SPF term: include:spf2.mta.example");
    assert_eq!(
        record(&app.get("/api/v1/domains/mail.example.com").await, "spf")["value"],
        record(&domain, "spf")["value"]
    );

    let back = press(&browser, &preview, ("then", "edit")).await;
    assert!(text_of(&back.text, "textarea[name=spf]").contains("include:spf2.mta.example"));
    let done = press(&browser, &preview, ("then", "save")).await;
    assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, "/settings/profile?saved=1"));
    let editor = browser.open(EDITOR).await;
    let state = text_of(&editor.text, "#profile-state");
    assert!(state.contains("SPF with include:spf2.mta.example") && state.contains("leads where it should"), "{state}");

    // The old value counts until the cut-over; what is shown is the new one.
    let (_, after) = app.post("/api/v1/domains/mail.example.com/verify", json!({})).await;
    assert_eq!(after["status"], "verified", "{after:#}");
    let spf = record(&after, "spf");
    assert_eq!(spf["value"], "v=spf1 include:spf.mta.example include:spf2.mta.example ~all");
    assert_eq!((&spf["verdict"], &spf["status"]), (&json!("pass"), &json!("verified")));
    let page = browser.open("/domains/mail.example.com/records/spf").await;
    assert!(text_of(&page.text, "#old-value").contains("passes as well until"), "{}", page.text);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_edit_adds_is_not_required_of_a_verified_domain_before_its_first_pass() {
    let app = TestApp::start().await;
    app.set_zone("mta.example", PLATFORM);
    verified(&app, "mail.example.com").await;
    let browser = app.signed_in().await;
    let preview = save(&browser, &[("spf", "include:spf.mta.example"), ("mx", "10 bounce.mta.example")]).await;
    let said = text_of(&preview.text, "ul.changes");
    assert!(said.starts_with("1 domain will be asked to publish an MX record (10 bounce.mta.example)."), "{said}");
    assert!(said.contains("before its first pass") && !preview.text.contains("cut_over\" type"), "{said}");
    press(&browser, &preview, ("then", "save")).await;

    let shown = app.get("/api/v1/domains/mail.example.com").await;
    assert_eq!((&shown["status"], &shown["required"]["total"]), (&json!("verified"), &json!(3)));
    assert_eq!(
        (&record(&shown, "mx")["required"], &record(&shown, "mx")["status"]),
        (&json!(false), &json!("pending"))
    );
    let zone = app.send("GET", "/api/v1/domains/mail.example.com/zone", "", "").await;
    assert!(zone.text.contains("bounce.mta.example"), "{}", zone.text);
    let (_, looked) = app.post("/api/v1/domains/mail.example.com/verify", json!({})).await;
    assert_eq!((&looked["status"], &looked["can_send"]), (&json!("verified"), &json!(true)));
    app.publish(&zone.text);
    let (_, looked) = app.post("/api/v1/domains/mail.example.com/verify", json!({})).await;
    assert_eq!((&looked["status"], &looked["required"]["total"]), (&json!("verified"), &json!(4)), "{looked:#}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_profile_is_saved_when_it_is_asked_for_twice_and_customers_are_not_blamed() {
    let app = TestApp::start().await;
    app.set_zone("mta.example", PLATFORM);
    verified(&app, "mail.example.com").await;
    let browser = app.signed_in().await;
    let preview = save(&browser, &[("spf", "include:gone.mta.example")]).await;
    let said = text_of(&preview.text, "[data-code=profile-broken]");
    assert!(said.contains("“include:gone.mta.example” of the sending profile leads to gone.mta.example"), "{said}");
    assert!(text_of(&preview.text, "button.primary").contains("Save anyway"));
    press(&browser, &preview, ("then", "save")).await;

    // A new domain publishes what it is asked for, and is told that the fault is not its own.
    app.post("/api/v1/domains", json!({ "name": "shop.example.com" })).await;
    app.publish("shop TXT \"v=spf1 include:gone.mta.example ~all\"");
    let (_, shop) = app.post("/api/v1/domains/shop.example.com/verify", json!({})).await;
    let spf = record(&shop, "spf");
    assert_eq!((&spf["verdict"], &spf["findings"][0]["code"]), (&json!("unknown"), &json!("dns-profile")), "{spf:#}");
    let codes = |domain: &Value| domain["findings"].to_string();
    assert!(codes(&shop).contains("profile-broken"), "{}", shop["findings"]);

    let other = app.token_of("other@example.net").await;
    let (_, theirs) = app.post_as(&other, "/api/v1/domains", json!({ "name": "shop.example.com" })).await;
    assert!(!codes(&theirs).contains("profile-broken"), "only administrators see it: {}", theirs["findings"]);

    // Once the name is there, looking again is enough.
    app.set_zone("mta.example", &format!("{PLATFORM}gone TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n"));
    let looked = browser.submit("/settings/profile/check", &[]).await;
    assert_eq!(looked.status, StatusCode::SEE_OTHER);
    assert!(text_of(&browser.open(EDITOR).await.text, "#profile-state").contains("leads where it should"));
    let (_, shop) = app.post("/api/v1/domains/shop.example.com/verify", json!({})).await;
    assert!(record(&shop, "spf")["verdict"] == "pass" && !codes(&shop).contains("profile-broken"), "{shop:#}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_over_that_is_too_soon_and_an_edit_meanwhile_are_refused_with_what_was_typed() {
    let app = TestApp::start().await;
    app.set_zone("mta.example", PLATFORM);
    app.post("/api/v1/domains", json!({ "name": "mail.example.com" })).await;
    let browser = app.signed_in().await;
    let edit = [("spf", "include:spf2.mta.example"), ("base", "1"), ("then", "save")];
    for (day, part) in [("2020-01-01", "or a later day is accepted"), ("soon", "such as 2030-01-31")] {
        let fields = [&edit[..], &[("cut_over", day)]].concat();
        let refused = save(&browser, &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{day}");
        let mistake = text_of(&refused.text, "#cut_over-mistake");
        assert!(mistake.contains(part), "{day}: {mistake}");
    }
    let far = [&edit[..], &[("cut_over", "2099-01-31")]].concat();
    assert_eq!(save(&browser, &far).await.status, StatusCode::SEE_OTHER);
    assert!(text_of(&browser.open(EDITOR).await.text, "#profile-state").contains("Until 1 Feb 2099, 00:00 UTC"));

    // Somebody else had the first version open all the time.
    let late = save(&browser, &[("spf", "include:spf.mta.example"), ("base", "1"), ("then", "save")]).await;
    assert_eq!(late.status, StatusCode::OK);
    assert!(text_of(&late.text, "[role=alert]").contains("Somebody else has changed"), "{}", late.text);
    assert_eq!(press(&browser, &late, ("then", "save")).await.status, StatusCode::SEE_OTHER);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_see_and_change_the_profile() {
    let app = TestApp::start().await;
    app.token_of("other@example.net").await;
    let browser = app.browser();
    let password = crate::server::PASSWORD;
    browser.submit("/login", &[("email", "other@example.net"), ("password", password)]).await;
    assert_eq!(browser.open(EDITOR).await.status, StatusCode::FORBIDDEN);
    let refused = save(&browser, &[("spf", "include:spf.mta.example")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.submit("/settings/profile/check", &[]).await.status, StatusCode::FORBIDDEN);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_save_at_once_one_is_told() {
    let app = TestApp::start().await;
    app.set_zone("mta.example", PLATFORM);
    let browser = app.signed_in().await;
    let save = |spf: &'static str| {
        let browser = &browser;
        async move { browser.submit(EDITOR, &[("spf", spf), ("base", "1"), ("then", "save")]).await }
    };
    let (one, other) = tokio::join!(save("include:spf2.mta.example"), save("ip4:192.0.2.0/24"));
    let saved = [&one, &other].into_iter().filter(|answer| answer.status == StatusCode::SEE_OTHER).count();
    assert_eq!(saved, 1, "{} {}", one.status, other.status);
    let history = text_of(&browser.open(EDITOR).await.text, "#profile-state ol");
    assert_eq!(history.matches("ops@example.com").count(), 1, "{history}");
    app.stop().await;
}

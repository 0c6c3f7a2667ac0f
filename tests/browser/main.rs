//! The way through as a user walks it, in headless Chromium, with and without scripts: setup, create, publish, Verify,
//! read, search, delete.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod browser;
mod inspect;
mod program;

use browser::{Browser, Scripts};
use program::Program;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery staple";

/// Setup: the link, the administrator, the profile, and the empty list.
async fn set_up(scripts: Scripts) {
    let program = Program::serve();
    let browser = Browser::start(scripts).await;
    browser.open(&program.link).await;
    inspect::page(&browser, scripts).await;
    browser.fill("#email", "ops@mta.example").await;
    browser.fill("#password", "short").await;
    browser.follow("main form button").await;
    assert_eq!(browser.value("#email").await, "ops@mta.example");
    assert!(!browser.text("#password-mistake").await.is_empty());
    inspect::page(&browser, scripts).await;
    browser.fill("#password", PASSWORD).await;
    browser.follow("main form button").await;

    browser.find("#spf").await;
    inspect::page(&browser, scripts).await;
    browser.fill("#spf", "all the servers").await;
    browser.fill("#mx", "bounce.mta.example").await;
    submit(&browser).await;
    assert_eq!(browser.value("#mx").await, "bounce.mta.example");
    assert!(browser.text("#mx-mistake").await.contains("PRIORITY HOST"));
    assert!(!browser.text("#spf-mistake").await.is_empty());
    browser.fill("#spf", "ip4:192.0.2.0/24").await;
    browser.fill("#mx", "").await;
    submit(&browser).await;
    if browser.path().await != "/domains" {
        // The editor shows first what it found; saving is confirmed there.
        submit(&browser).await;
    }
    browser.find(".empty").await;
    assert_eq!(browser.path().await, "/domains");
    inspect::page(&browser, scripts).await;

    browser.open(&program.link).await;
    assert_eq!(browser.count("#password").await, 0, "the link works once");
    for path in ["/nowhere", "/settings/profile", "/settings/tokens", "/settings/password"] {
        browser.open(&format!("{}{path}", program.base)).await;
        inspect::page(&browser, scripts).await;
    }
    browser.follow(".who button").await;
    browser.find("#email").await;
    inspect::page(&browser, scripts).await;
    browser.stop().await;
}

/// The way on in a form: its last button.
async fn submit(browser: &Browser) {
    browser.follow("main form button.primary").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_is_set_up() {
    set_up(Scripts::On).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_is_set_up_without_scripts() {
    set_up(Scripts::Off).await;
}

/// A walk through the demo.
struct Walk {
    program: Program,
    browser: Browser,
    scripts: Scripts,
}

impl Walk {
    async fn start(scripts: Scripts) -> Self {
        let program = Program::demo();
        let browser = Browser::start(scripts).await;
        browser.open(&program.link).await;
        browser.find(".domains").await;
        let has_script = browser.count("html.js").await == 1;
        assert_eq!(has_script, scripts == Scripts::On);
        Self { program, browser, scripts }
    }

    async fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.program.base)).await;
    }

    async fn inspect(&self) {
        inspect::page(&self.browser, self.scripts).await;
    }

    async fn wrong_names_show_the_form_again(&self) {
        let browser = &self.browser;
        browser.open(&format!("{}/domains", self.program.base)).await;
        browser.follow(".head a.primary").await;
        self.inspect().await;
        for name in ["co.uk", "gmail.com", "192.0.2.1", "mail.bakery.example", "exa mple..com"] {
            browser.fill("#name", name).await;
            browser.follow("main form button").await;
            browser.find("#name[aria-invalid]").await;
            assert_eq!(browser.value("#name").await, name);
            assert!(!browser.text("#name-mistake").await.is_empty(), "{name}");
        }
        self.inspect().await;
    }

    async fn a_pasted_address_is_cleaned(&self) {
        let browser = &self.browser;
        self.open("/domains/new").await;
        browser.fill("#name", "https://Offers.Florist.example/").await;
        browser.follow("main form button").await;
        browser.find("h1[data-status=pending]").await;
        assert_eq!(browser.path().await, "/domains/offers.florist.example");
        assert!(browser.text("main").await.contains("We took the rest off"));
        assert!(browser.text(".stepper").await.contains("florist.example"));
        assert_eq!(browser.count("tbody.record").await, 5);
        self.inspect().await;
    }

    async fn what_is_published_turns_green(&self) {
        let browser = &self.browser;
        browser.follow(".demo-panel").await;
        assert_eq!(browser.path().await, "/demo/dns/florist.example");
        self.inspect().await;
        browser.follow("[data-offer='offers.florist.example'] button").await;
        assert!(browser.text(".note.good").await.contains("Published"));
        self.open("/domains/offers.florist.example").await;
        browser.click("form[data-verify] button").await;
        browser.find("h1[data-status=verified]").await;
        assert_eq!(browser.count("tbody.record:not([data-status=verified])").await, 0);
        self.inspect().await;
        browser.follow("[data-key=spf] .record-title").await;
        browser.find("[data-verdict=pass]").await;
        assert!(browser.text("main").await.contains("ns1.dns-panel.example"));
        self.inspect().await;
    }

    async fn a_mistake_is_named_and_mended(&self) {
        let browser = &self.browser;
        self.open("/domains/mail.garage.example").await;
        let finding = browser.text("[data-code=name-doubled] .finding-summary").await;
        assert!(finding.contains("one level too deep"), "{finding}");
        browser.follow("[data-code=name-doubled] .more a").await;
        let wanted = browser.text("#host").await;
        assert!(wanted.ends_with("._domainkey.mail"), "{wanted}");
        self.inspect().await;
        self.open("/demo/dns/garage.example").await;
        browser.follow("[data-host$='garage.example'] .zone-actions a").await;
        browser.fill("#host", "not a host").await;
        browser.follow("#form button").await;
        assert!(!browser.text("#host-mistake").await.is_empty());
        self.inspect().await;
        browser.fill("#host", &wanted).await;
        browser.follow("#form button").await;
        browser.find(".note.good").await;
        self.open("/domains/mail.garage.example").await;
        browser.click("form[data-verify] button").await;
        browser.find("h1[data-status=verified]").await;
    }

    async fn the_list_is_searched_and_filtered(&self) {
        let browser = &self.browser;
        self.open("/domains").await;
        self.inspect().await;
        browser.fill("#q", "Orchard").await;
        browser.follow(".search button").await;
        browser.find("#q[value=Orchard]").await;
        assert_eq!(browser.count("tr[data-domain]").await, 1);
        self.open("/domains?status=at_risk").await;
        browser.find("tr[data-domain='mail.school.example']").await;
        assert_eq!(browser.count("tr[data-domain]").await, 1);
        self.open("/domains?q=nowhere").await;
        assert!(browser.text("main").await.contains("Nothing found"));
        self.inspect().await;
    }

    async fn deleting_asks_for_the_name(&self) {
        let browser = &self.browser;
        self.open("/domains/offers.florist.example").await;
        browser.follow(".danger-link").await;
        browser.fill("#name", "offers").await;
        browser.follow("main form button").await;
        browser.find("#name[aria-invalid]").await;
        assert_eq!(browser.value("#name").await, "offers");
        self.inspect().await;
        browser.fill("#name", "offers.florist.example").await;
        browser.follow("main form button").await;
        browser.find(".domains").await;
        assert_eq!(browser.count("tr[data-domain='offers.florist.example']").await, 0);
    }

    async fn whole(self) {
        self.inspect().await;
        self.wrong_names_show_the_form_again().await;
        self.a_pasted_address_is_cleaned().await;
        self.what_is_published_turns_green().await;
        self.a_mistake_is_named_and_mended().await;
        self.the_list_is_searched_and_filtered().await;
        self.deleting_asks_for_the_name().await;
        self.browser.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_created_published_verified_and_deleted() {
    Walk::start(Scripts::On).await.whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_created_published_verified_and_deleted_without_scripts() {
    Walk::start(Scripts::Off).await.whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_every_sample_hold_what_all_pages_must() {
    let walk = Walk::start(Scripts::On).await;
    let rows =
        walk.browser.evaluate("[...document.querySelectorAll('tr[data-domain]')].map(r => r.dataset.domain)").await;
    let domains: Vec<String> = serde_json::from_value(rows).unwrap();
    assert!(domains.len() >= 12, "{domains:?}");
    for domain in domains {
        walk.open(&format!("/domains/{domain}")).await;
        walk.inspect().await;
        // The record that needs a fix stands first.
        walk.browser.follow(".record-title").await;
        walk.inspect().await;
    }
    for path in
        ["/demo/dns", "/demo/dns/optician.example", "/domains/mail.school.example/events", "/domains/nowhere.example"]
    {
        walk.open(path).await;
        walk.inspect().await;
    }
    walk.browser.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copying_takes_exactly_the_value() {
    let walk = Walk::start(Scripts::On).await;
    let browser = &walk.browser;
    let granted =
        json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": walk.program.base });
    browser.devtools("Browser.grantPermissions", granted).await;
    walk.open("/domains/news.florist.example").await;
    let key = "[data-key^=dkim-]";
    for (row, what, wanted) in [
        ("[data-key=spf]", "value", "v=spf1 include:spf.mta.example ~all"),
        ("[data-key=spf]", "host", "news"),
        ("[data-key=dmarc]", "value", "v=DMARC1; p=none; rua=mailto:dmarc@mta.example"),
        ("[data-key=mx]", "value", "bounce.mta.example"),
        ("[data-key=return-path]", "host", "bounce.news"),
    ] {
        assert_eq!(copied(browser, &format!("{row} [data-copy^={what}]")).await, wanted);
        assert!(browser.text("#said").await.ends_with("copied"));
    }
    let value = copied(browser, &format!("{key} [data-copy^=value]")).await;
    let base64 = value.strip_prefix("v=DKIM1; k=rsa; p=").unwrap();
    assert!(base64.len() > 380 && base64.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)));
    let host = copied(browser, &format!("{key} [data-copy^=host]")).await;
    assert!(host.starts_with('s') && host.ends_with("._domainkey.news"), "{host}");
    walk.browser.stop().await;
}

async fn copied(browser: &Browser, button: &str) -> String {
    browser.click(button).await;
    browser.find(&format!("{button}.is-done")).await;
    let script = "const done = arguments[arguments.length - 1];
        navigator.clipboard.readText().then(done, error => done('cannot be read: ' + error));";
    let read = browser.driver.execute_async(script, Vec::new()).await.unwrap();
    read.json().as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_change_one_by_one_while_the_check_runs() {
    let walk = Walk::start(Scripts::On).await;
    let browser = &walk.browser;
    walk.open("/demo/dns/florist.example").await;
    browser.follow("[data-offer='news.florist.example'] button").await;
    walk.open("/domains/news.florist.example").await;
    assert_eq!(browser.text(".stepper [aria-current] strong").await, "Publish");
    let before = browser.evaluate("document.querySelector('link[rel=icon]').href").await;
    browser
        .evaluate(
            "window.seen = [], new MutationObserver(() => seen.push(document.querySelectorAll('tbody.is-asked').length))\
             .observe(document.getElementById('live'), { subtree: true, childList: true })",
        )
        .await;
    browser.click("form[data-verify] button").await;
    browser.find("h1[data-status=verified]").await;
    let seen: Vec<u64> = serde_json::from_value(browser.evaluate("seen").await).unwrap();
    assert!(seen.iter().collect::<std::collections::BTreeSet<_>>().len() > 2, "{seen:?}");
    assert!(browser.text(".stepper .past[aria-current] strong").await == "Done");
    assert!(browser.text("#said").await.contains("records verified"));
    assert_ne!(browser.evaluate("document.querySelector('link[rel=icon]').href").await, before);
    assert!(browser.evaluate("document.title").await.as_str().unwrap().starts_with('✓'));
    assert_eq!(browser.evaluate("document.activeElement.textContent").await, "Verify");
    assert!(browser.text(".next-look").await.contains("by ourselves"));
    walk.browser.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_answers_to_typing_and_to_keys_in_its_rows_alone() {
    let walk = Walk::start(Scripts::On).await;
    let browser = &walk.browser;
    browser.evaluate("document.activeElement.blur()").await;
    browser.press("v").await;
    browser.press("/").await;
    assert_eq!(browser.evaluate("document.activeElement.id").await, "q");
    browser.press("garage").await;
    browser.find("#results:not(:has(tr[data-domain='harbour.example']))").await;
    assert_eq!(browser.count("tr[data-domain]").await, 1);
    assert_eq!(browser.text("#said").await, "1 domain shown");
    assert!(browser.evaluate("location.search").await.as_str().unwrap().contains("q=garage"));
    walk.open("/domains?q=mail").await;
    browser.evaluate("document.querySelector('tr[data-domain] a.domain-name').focus()").await;
    let focused = "document.activeElement.closest('tr').dataset.domain";
    let first = browser.evaluate(focused).await;
    browser.press("j").await;
    assert_ne!(browser.evaluate(focused).await, first);
    browser.press("k").await;
    assert_eq!(browser.evaluate(focused).await, first);
    browser.press("x").await;
    assert_eq!(browser.count("input[name=domain]:checked").await, 1);
    browser.press("v").await;
    browser.find("#results:not(:has(input[name=domain]:checked))").await;
    assert_eq!(browser.evaluate(focused).await, first, "the focus stays where it was");
    walk.browser.stop().await;
}

/// A list is pasted, its preview agreed to; the tab is left while the work goes on, and finds it again.
async fn import(scripts: Scripts) {
    let walk = Walk::start(scripts).await;
    let browser = &walk.browser;
    browser.follow(".head a[href='/domains/import']").await;
    walk.inspect().await;
    let good: Vec<String> = (0..24).map(|at| format!("n{at}.florist.example")).collect();
    browser.fill("#text", &format!("name\ngmail.com\n{}\nexa mple..com", good.join("\n"))).await;
    browser.follow("main form button").await;
    browser.find("[data-state=Preview]").await;
    assert_eq!(browser.text(".glance").await, "24 domains will be added; 2 lines cannot be used.");
    walk.inspect().await;
    browser.follow("main form button").await;
    walk.open("/login").await;
    walk.open("/domains").await;
    browser.follow(".note a").await;
    let until = std::time::Instant::now() + std::time::Duration::from_secs(90);
    while browser.count("[data-state=Finished]").await == 0 {
        assert!(std::time::Instant::now() < until, "{}", browser.text("main").await);
        if scripts == Scripts::Off {
            let path = browser.path().await;
            walk.open(&path).await;
        }
    }
    assert_eq!(browser.text(".glance").await, "Finished: 24 of 26 lines done, 2 not.");
    walk.inspect().await;
    walk.browser.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_imported_while_the_tab_is_elsewhere() {
    import(Scripts::On).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_imported_while_the_tab_is_elsewhere_without_scripts() {
    import(Scripts::Off).await;
}

/// A link is made, opened in a browser that nobody is signed in to, and revoked.
async fn share(scripts: Scripts) {
    let walk = Walk::start(scripts).await;
    let browser = &walk.browser;
    walk.open("/domains/mail.garage.example/share").await;
    browser.follow("main form button").await;
    walk.inspect().await;
    let link = browser.text("#link").await;
    let visitor = Browser::start(scripts).await;
    visitor.open(&link).await;
    assert_eq!(visitor.text("h1").await, "DNS records for mail.garage.example");
    assert!(visitor.text(".glance").await.contains("DKIM is the one to fix"));
    inspect::page(&visitor, scripts).await;
    browser.follow("form[action*='/share/'] button").await;
    browser.find(".card .muted").await;
    visitor.open(&link).await;
    assert_eq!(visitor.text("h1").await, "This link does not work any more");
    inspect::page(&visitor, scripts).await;
    visitor.stop().await;
    walk.browser.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_a_domain_without_a_session_until_it_is_revoked() {
    share(Scripts::On).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_a_domain_without_a_session_until_it_is_revoked_without_scripts() {
    share(Scripts::Off).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_tried_on_the_page_of_the_api() {
    let walk = Walk::start(Scripts::On).await;
    let browser = &walk.browser;
    walk.open("/settings/tokens").await;
    browser.fill("#name", "trying").await;
    browser.follow("main form button.primary").await;
    let secret = browser.text("#secret").await;
    walk.open("/api/docs").await;
    walk.inspect().await;
    browser.fill("#token", &secret).await;
    browser.evaluate("document.querySelectorAll('.call details').forEach(d => d.open = true)").await;
    let form = "form[data-method=GET][data-path='/api/v1/domains']";
    browser.fill(&format!("{form} [name=limit]"), "1").await;
    browser.evaluate(&format!("document.querySelector(\"{form}\").requestSubmit()")).await;
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !browser.text(&format!("{form} .answer")).await.contains("harbour.example") {
        assert!(std::time::Instant::now() < until, "{}", browser.text(form).await);
    }
    walk.browser.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_comes_in_pages() {
    let walk = Walk::start(Scripts::Off).await;
    let browser = &walk.browser;
    walk.open("/settings/tokens").await;
    browser.fill("#name", "filling the list").await;
    browser.follow("main form button.primary").await;
    let secret = browser.text("#secret").await;
    let (client, base) = (reqwest::Client::new(), &walk.program.base);
    for at in 0..40 {
        let body = json!({ "name": format!("n{at:02}.cursor.example") });
        let made = client.post(format!("{base}/api/v1/domains")).bearer_auth(&secret).json(&body).send().await.unwrap();
        assert_eq!(made.status(), reqwest::StatusCode::CREATED, "{at}");
    }
    walk.open("/domains").await;
    let mut seen = Vec::new();
    loop {
        let rows =
            browser.evaluate("[...document.querySelectorAll('tr[data-domain]')].map(r => r.dataset.domain)").await;
        seen.extend(serde_json::from_value::<Vec<String>>(rows).unwrap());
        if browser.count("a[rel=next]").await == 0 {
            break;
        }
        browser.follow("a[rel=next]").await;
        browser.find(".pager a[href='/domains']").await;
    }
    assert!(seen.len() == 56 && seen.is_sorted(), "{seen:?}");
    assert_ne!(browser.evaluate("document.title").await, Value::Null);
    walk.browser.stop().await;
}

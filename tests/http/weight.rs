//! What the first view of a page weighs over the wire, and how many requests it takes.

use scraper::{Html, Selector};

use crate::server::{Answer, TestApp};

const MOST_BYTES: usize = 60 * 1024;
const MOST_REQUESTS: usize = 10;

/// The addresses that a page loads by itself, each once.
fn loaded(page: &str) -> Vec<String> {
    let html = Html::parse_document(page);
    let of = |selector: &str, attribute: &'static str| -> Vec<String> {
        let found = Selector::parse(selector).unwrap();
        html.select(&found).filter_map(|element| element.attr(attribute)).map(str::to_owned).collect()
    };
    let mut all = of("link[rel=stylesheet], link[rel=icon]", "href");
    all.extend(of("script[src], img[src]", "src"));
    all.sort();
    all.dedup();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_view_of_each_page_is_light() {
    let app = TestApp::start().await;
    let names = "mail.example.com\nnews.example.com\n";
    let taken = app.send("POST", "/api/v1/domains/import", "text/csv", names).await.json();
    while app.console.work_on_a_piece().await.unwrap() {}
    let browser = app.signed_in().await;
    browser.submit("/domains/mail.example.com/verify", &[]).await;
    let import = format!("/jobs/{}", taken["id"].as_str().unwrap());
    for path in [
        "/domains",
        "/domains/new",
        "/domains/import",
        "/domains/mail.example.com",
        "/domains/mail.example.com/records/spf",
        "/domains/mail.example.com/share",
        &import,
        "/settings/tokens",
        "/api/docs",
    ] {
        let page = browser.open(path).await;
        let assets = loaded(&page.text);
        let mut bytes = browser.weigh(path).await;
        for asset in &assets {
            bytes += browser.weigh(asset).await;
            let kept: Answer = browser.open(asset).await;
            assert_eq!(kept.header("cache-control"), "public, max-age=31536000, immutable", "{asset}");
        }
        println!("{path}: {bytes} bytes in {} requests", assets.len() + 1);
        assert!(bytes <= MOST_BYTES && assets.len() < MOST_REQUESTS, "{path}: {bytes} bytes, {assets:?}");
    }
    app.stop().await;
}

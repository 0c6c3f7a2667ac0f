//! Writes the pictures of the README into `docs/screenshots`: setup, list, a domain before and after, a record with a
//! finding, each at 1280 and 390 pixels, light and dark, out of the demo.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a program for developers that stops where it fails")]

#[expect(dead_code, reason = "the tests use the rest")]
mod browser;
mod program;

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use browser::{Browser, Scripts};
use program::Program;
use serde_json::json;

/// Widths with the heights that are shown of each.
const SIZES: [(u32, u32); 2] = [(1280, 860), (390, 844)];
const THEMES: [&str; 2] = ["light", "dark"];

#[tokio::main]
async fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    let browser = Browser::start(Scripts::On).await;
    let first_start = Program::serve();
    browser.open(&first_start.link).await;
    take(&browser, &folder, "setup").await;
    let demo = Program::demo();
    browser.open(&demo.link).await;
    browser.find(".domains").await;
    take(&browser, &folder, "list").await;
    let domain = format!("{}/domains/news.florist.example", demo.base);
    browser.open(&domain).await;
    take(&browser, &folder, "domain-before").await;
    browser.open(&format!("{}/domains/mail.garage.example", demo.base)).await;
    browser.follow("[data-code=name-doubled] .more a").await;
    browser.find("[data-code=name-doubled]").await;
    take(&browser, &folder, "record").await;
    browser.open(&format!("{}/demo/dns/florist.example", demo.base)).await;
    browser.follow("[data-offer] button").await;
    browser.find(".note.good").await;
    browser.open(&domain).await;
    browser.click("form[data-verify] button").await;
    browser.find("h1[data-status=verified]").await;
    browser.open(&domain).await;
    take(&browser, &folder, "domain-after").await;
    browser.stop().await;
}

/// One page in both sizes and themes.
async fn take(browser: &Browser, folder: &Path, name: &str) {
    for (width, height) in SIZES {
        browser.size(width, height).await;
        for theme in THEMES {
            browser.theme(theme).await;
            let taken = browser.devtools("Page.captureScreenshot", json!({ "format": "png" })).await;
            let png = base64::engine::general_purpose::STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
            let file = folder.join(format!("{name}-{width}-{theme}.png"));
            std::fs::write(&file, png).unwrap();
            make_small(&file);
            println!("{}", file.display());
        }
    }
}

/// By a palette where pngquant is installed; the picture stays as it is where not.
fn make_small(file: &PathBuf) {
    let arguments = ["--force", "--skip-if-larger", "--strip", "--ext", ".png"];
    let _ = Command::new("pngquant").args(arguments).arg(file).status();
}

//! What must hold on every page: nothing to scroll sideways, no error in the console, a visible focus, no violation
//! that axe-core finds in either theme.

use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use thirtyfour::prelude::*;

use crate::browser::{Browser, Scripts};
use crate::program::Temporary;

const WIDTHS: [u32; 3] = [320, 390, 1280];
const TAB_STOPS: usize = 8;

pub async fn page(browser: &Browser, scripts: Scripts) {
    let path = browser.path().await;
    no_sideways_scrolling(browser, &path).await;
    no_console_errors(browser, &path).await;
    if scripts == Scripts::On {
        focus_is_visible(browser, &path).await;
        for theme in ["dark", "light"] {
            browser.theme(theme).await;
            no_violations(browser, &format!("{path} ({theme})")).await;
        }
    }
}

async fn no_sideways_scrolling(browser: &Browser, path: &str) {
    for width in WIDTHS {
        browser.size(width, 900).await;
        let found = browser
            .evaluate(
                "document.documentElement.scrollWidth <= innerWidth ? null : [...document.querySelectorAll('main *, header *')]\
                 .filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 5)\
                 .map(e => e.tagName + '.' + e.className + ' ' + Math.round(e.getBoundingClientRect().right))",
            )
            .await;
        assert_eq!(found, Value::Null, "{path} at {width} px");
    }
}

/// Answers that say no (a form again, a page that is not there) are logged by the browser as well; those are meant.
async fn no_console_errors(browser: &Browser, path: &str) {
    let said = browser.driver.browser_log().await.unwrap();
    let errors: Vec<String> = said
        .into_iter()
        .filter(|entry| entry.level == "SEVERE" && !entry.message.contains("responded with a status of 4"))
        .map(|entry| entry.message)
        .collect();
    assert!(errors.is_empty(), "{path}: {errors:?}");
}

async fn focus_is_visible(browser: &Browser, path: &str) {
    browser.evaluate("document.activeElement.blur()").await;
    for _ in 0..TAB_STOPS {
        browser.press(Key::Tab).await;
        let found = browser
            .evaluate(
                "((e, s) => e === document.body || parseFloat(s.outlineWidth) >= 2 && s.outlineStyle !== 'none' \
                 ? null : e.outerHTML)(document.activeElement, getComputedStyle(document.activeElement))",
            )
            .await;
        assert_eq!(found, Value::Null, "{path}");
    }
}

async fn no_violations(browser: &Browser, place: &str) {
    let Some(axe) = axe() else { return };
    browser.driver.execute(axe, Vec::new()).await.unwrap();
    let script = "const done = arguments[arguments.length - 1];
        axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(
            found => done(found.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target + ' ' + n.failureSummary).join(' | '))),
            error => done(['axe: ' + error]));";
    let found = browser.driver.execute_async(script, Vec::new()).await.unwrap();
    assert_eq!(found.json(), &Value::Array(Vec::new()), "{place}");
}

/// The checker's text; `None`, said once, where npm cannot fetch it.
fn axe() -> Option<&'static str> {
    static AXE: OnceLock<Option<String>> = OnceLock::new();
    AXE.get_or_init(|| {
        let axe = fetch_axe();
        if axe.is_none() {
            println!("axe-core cannot be fetched by npm: pages are not checked with it");
        }
        axe
    })
    .as_deref()
}

fn fetch_axe() -> Option<String> {
    let directory = Temporary::new();
    let run = |program: &str, arguments: &[&str]| {
        let done = Command::new(program).args(arguments).current_dir(&directory.0).output();
        done.ok().filter(|output| output.status.success())
    };
    let packed = run("npm", &["pack", "axe-core@4", "--silent"])?;
    let name = String::from_utf8(packed.stdout).ok()?;
    run("tar", &["-xzf", name.trim()])?;
    std::fs::read_to_string(directory.0.join("package/axe.min.js")).ok()
}

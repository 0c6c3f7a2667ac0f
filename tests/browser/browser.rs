//! Headless Chromium by chromedriver, both found on the path, with a profile of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::common::log::LoggingPrefsLogLevel;
use thirtyfour::prelude::*;

use crate::program::{Temporary, stop};

/// How long an element is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
const ARGUMENTS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    On,
    Off,
}

pub struct Browser {
    pub driver: WebDriver,
    chromedriver: Child,
    _profile: Temporary,
}

impl Browser {
    pub async fn start(scripts: Scripts) -> Self {
        let chromium = ["chromium", "google-chrome", "chromium-browser"].into_iter().find_map(on_the_path);
        let chromium = chromium.expect("Chromium is not on the path: script/install chromium");
        let chromedriver =
            on_the_path("chromedriver").expect("chromedriver is not on the path: script/install chromium");
        let mut chromedriver =
            Command::new(chromedriver).arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(chromedriver.stdout.take().unwrap()).lines().map(|line| line.unwrap());
        let port =
            lines.find_map(|line| Some(line.split_once("successfully on port ")?.1.trim_end_matches('.').to_owned()));
        let port = port.expect("chromedriver says its port");
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let profile = Temporary::new();
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_binary(&chromium).unwrap();
        for argument in ARGUMENTS {
            wanted.add_arg(argument).unwrap();
        }
        wanted.add_arg(&format!("--user-data-dir={}", profile.0.display())).unwrap();
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wanted).await.unwrap();
        driver.set_implicit_wait_timeout(PATIENCE).await.unwrap();
        let browser = Self { driver, chromedriver, _profile: profile };
        if scripts == Scripts::Off {
            browser.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
        }
        browser.size(1280, 900).await;
        browser
    }

    pub async fn devtools(&self, method: &str, parameters: Value) -> Value {
        self.driver.cdp().send_raw(method, parameters).await.unwrap()
    }

    /// The width and height of the page, in CSS pixels.
    pub async fn size(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    pub async fn theme(&self, theme: &str) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": theme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    pub async fn open(&self, url: &str) {
        self.driver.goto(url).await.unwrap();
    }

    /// The path that is open.
    pub async fn path(&self) -> String {
        self.driver.current_url().await.unwrap().path().to_owned()
    }

    /// Waits for an element.
    pub async fn find(&self, css: &str) -> WebElement {
        match self.driver.find(By::Css(css)).await {
            Ok(element) => element,
            Err(_) => {
                let page = self.driver.find(By::Css("main")).await.unwrap().text().await.unwrap_or_default();
                panic!("no {css} on {}:\n{page}", self.path().await)
            }
        }
    }

    pub async fn count(&self, css: &str) -> usize {
        self.driver.set_implicit_wait_timeout(Duration::ZERO).await.unwrap();
        let count = self.driver.find_all(By::Css(css)).await.unwrap().len();
        self.driver.set_implicit_wait_timeout(PATIENCE).await.unwrap();
        count
    }

    pub async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.unwrap()
    }

    pub async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap_or_else(|error| panic!("{css} cannot be clicked: {error}"));
    }

    /// Clicks what leads to another page, and waits until that is there.
    pub async fn follow(&self, css: &str) {
        let before = self.find("html").await.element_id();
        self.click(css).await;
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        let looking = async {
            loop {
                looks.tick().await;
                let Ok(page) = self.driver.find(By::Css("html")).await else { continue };
                let state = self.driver.execute("return document.readyState", Vec::new()).await;
                if page.element_id() != before && state.is_ok_and(|state| state.json() == "complete") {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("{css} leads nowhere"));
    }

    /// Puts a text in the place of a field's.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    pub async fn value(&self, css: &str) -> String {
        self.find(css).await.prop("value").await.unwrap().unwrap_or_default()
    }

    /// What an expression of the page's is.
    pub async fn evaluate(&self, expression: &str) -> Value {
        let found = self.driver.execute(format!("return {expression}"), Vec::new()).await.unwrap();
        found.json().clone()
    }

    pub async fn press(&self, keys: impl Into<TypingData>) {
        self.driver.action_chain().send_keys(keys).perform().await.unwrap();
    }

    pub async fn stop(mut self) {
        self.driver.clone().quit().await.ok();
        stop(&mut self.chromedriver);
    }
}

fn on_the_path(program: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file());
    found.map(|file| file.to_string_lossy().into_owned())
}

//! What a browser does without a script: keeps cookies, follows links, sends forms with an Origin of its own.

use reqwest::redirect::Policy;
use scraper::{Html, Selector};

use crate::server::Answer;

pub struct Browser {
    base: String,
    client: reqwest::Client,
}

impl Browser {
    pub fn new(base: &str) -> Self {
        let client = reqwest::Client::builder().cookie_store(true).redirect(Policy::none()).build().unwrap();
        Self { base: base.to_owned(), client }
    }

    pub async fn open(&self, path: &str) -> Answer {
        Answer::of(self.client.get(format!("{}{path}", self.base)).send().await.unwrap()).await
    }

    /// How many bytes an answer has over the wire, compressed as browsers ask for it.
    pub async fn weigh(&self, path: &str) -> usize {
        let request = self.client.get(format!("{}{path}", self.base)).header("accept-encoding", "gzip, deflate, br");
        let answer = request.send().await.unwrap();
        let has_text = answer.headers()["content-type"] != "image/svg+xml";
        assert!(!has_text || answer.headers()["content-encoding"] == "br", "{path} is not compressed");
        answer.bytes().await.unwrap().len()
    }

    /// Sends a form from one of the console's own pages.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.submit_with(path, fields, &[("origin", &self.base), ("sec-fetch-site", "same-origin")]).await
    }

    /// Sends a form of plain text.
    pub async fn send_text(&self, path: &str, text: &str) -> Answer {
        let request = self.client.post(format!("{}{path}", self.base)).header("content-type", "text/plain");
        let request = request.header("origin", &self.base).header("sec-fetch-site", "same-origin");
        Answer::of(request.body(text.to_owned()).send().await.unwrap()).await
    }

    /// Sends a form with the headers by which a browser says where it stood.
    pub async fn submit_with(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.post(format!("{}{path}", self.base)).form(fields);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.unwrap()).await
    }
}

/// The visible text of what a selector finds on a page, blanks folded; empty where it finds nothing.
pub fn text_of(page: &str, selector: &str) -> String {
    let html = Html::parse_document(page);
    let selector = Selector::parse(selector).unwrap();
    let words = html.select(&selector).flat_map(|element| element.text()).flat_map(str::split_whitespace);
    words.collect::<Vec<_>>().join(" ")
}

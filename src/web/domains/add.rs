//! `/domains/new`: one field and tags. What people paste is cleaned first; mistakes stand beside the field.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::console::{Console, NewDomain};
use crate::records::{Cleaned, DomainName};
use crate::web::failures::PageFailure;
use crate::web::forms::{Form, Mistakes, page};
use crate::web::layout::{Layout, Section};
use crate::web::session::SignedIn;

#[derive(Template)]
#[template(path = "domains/new.html")]
struct NewPage {
    layout: Layout,
    has_profile: bool,
    name: String,
    tags: String,
    mistakes: Mistakes,
}

#[derive(Debug, Default, Deserialize)]
pub struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    tags: String,
}

/// `GET /domains/new`
pub async fn new(State(console): State<Console>, user: SignedIn) -> Result<Response, PageFailure> {
    form(&console, &user, StatusCode::OK, Typed::default(), Mistakes::default()).await
}

/// `POST /domains/new`
pub async fn add(
    State(console): State<Console>,
    user: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, PageFailure> {
    let (cleaned, tags) = match read(&typed) {
        Ok(read) => read,
        Err(mistakes) => return form(&console, &user, StatusCode::UNPROCESSABLE_ENTITY, typed, mistakes).await,
    };
    let new = NewDomain { name: cleaned.name.to_string(), tags, ..NewDomain::default() };
    match console.create_domain(&user.actor, new).await {
        Ok(domain) => {
            let said = if cleaned.was_changed { "cleaned" } else { "added" };
            Ok(Redirect::to(&format!("/domains/{}?said={said}", domain.name)).into_response())
        }
        Err(failure) => {
            let (status, mistakes) = Mistakes::from_failure(failure, "name")?;
            form(&console, &user, status, typed, mistakes).await
        }
    }
}

async fn form(
    console: &Console,
    user: &SignedIn,
    status: StatusCode,
    typed: Typed,
    mistakes: Mistakes,
) -> Result<Response, PageFailure> {
    let has_profile = console.profile().await?.is_some_and(|profile| !profile.spf.is_empty());
    let layout = Layout::new(console, &user.actor, Section::Domains, "Add a domain");
    page(status, &NewPage { layout, has_profile, name: typed.name, tags: typed.tags, mistakes })
}

fn read(typed: &Typed) -> Result<(Cleaned, BTreeMap<String, String>), Mistakes> {
    let mut mistakes = Mistakes::default();
    let cleaned = DomainName::clean(&typed.name);
    if let Err(error) = &cleaned {
        mistakes.add("name", "This name", &error.to_string());
    }
    let tags = read_tags(&typed.tags);
    if let Err(error) = &tags {
        mistakes.add("tags", "", error);
    }
    match (cleaned, tags) {
        (Ok(cleaned), Ok(tags)) => Ok((cleaned, tags)),
        _ => Err(mistakes),
    }
}

/// Reads `k=v` separated by blanks, commas or line ends; the error says what is accepted.
pub(super) fn read_tags(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut tags = BTreeMap::new();
    for tag in text.split(|c: char| c.is_whitespace() || c == ',').filter(|tag| !tag.is_empty()) {
        let (key, value) = tag.split_once('=').unwrap_or((tag, ""));
        if key.is_empty() || value.is_empty() || tag.chars().any(char::is_control) {
            let held: String = tag.chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(format!("“{held}” is no tag; key=value is accepted, such as customer=acme"));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(format!("the tag “{key}” stands there twice"));
        }
    }
    Ok(tags)
}

#[cfg(test)]
pub mod tests {
    use super::*;

    fn html(typed: Typed, mistakes: Mistakes, has_profile: bool) -> String {
        let mut layout = Layout::bare("Add a domain");
        layout.email = Some("admin@mta.example".into());
        layout.is_admin = true;
        NewPage { layout, has_profile, name: typed.name, tags: typed.tags, mistakes }.render().unwrap()
    }

    pub fn sample() -> String {
        let typed = Typed { name: "co.uk".into(), tags: "customer".into() };
        let mistakes = read(&typed).unwrap_err();
        html(typed, mistakes, true)
    }

    #[test]
    fn mistakes_stand_beside_the_field_and_what_was_typed_is_kept() {
        let page = sample();
        assert!(page.contains("value=\"co.uk\"") && page.contains("This name is a public suffix"));
        assert!(page.contains("“customer” is no tag"));
    }

    #[test]
    fn without_a_profile_the_page_says_where_to_set_it() {
        let page = html(Typed::default(), Mistakes::default(), false);
        assert!(page.contains("href=\"/settings/profile\""));
    }

    #[test]
    fn pasted_text_becomes_a_name() {
        let typed = Typed { name: "https://Mail.Example.com/".into(), tags: "a=1, b=2".into() };
        let (cleaned, tags) = read(&typed).unwrap();
        assert!(cleaned.was_changed && cleaned.name.as_str() == "mail.example.com" && tags.len() == 2);
    }

    #[test]
    fn a_tag_is_a_key_and_a_value_once() {
        for text in ["a", "=b", "a=", "a=1 a=2"] {
            assert!(read_tags(text).is_err(), "{text}");
        }
    }
}

//! Stylesheet, script and icons, compiled in. Their addresses carry a hash of the content, so that browsers may keep
//! them for a year.

use axum::extract::{Path, RawQuery};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use super::failures::PageFailure;
use crate::failure::Failure;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Assets;

/// `/static/NAME?v=HASH`; without a hash where there is no such file.
pub fn url(name: &str) -> String {
    match Assets::get(name) {
        Some(file) => format!("/static/{name}?v={}", version(&file)),
        None => format!("/static/{name}"),
    }
}

/// `GET /static/NAME`
pub async fn serve(Path(name): Path<String>, RawQuery(query): RawQuery) -> Result<Response, PageFailure> {
    let file = Assets::get(&name).ok_or(Failure::NotFound("file"))?;
    let is_current = query.is_some_and(|query| query == format!("v={}", version(&file)));
    let keep = if is_current { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [(CONTENT_TYPE, file.metadata.mimetype().to_owned()), (CACHE_CONTROL, keep.to_owned())];
    Ok((headers, file.data.into_owned()).into_response())
}

fn version(file: &rust_embed::EmbeddedFile) -> String {
    file.metadata.sha256_hash()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_carry_a_hash_of_the_content() {
        for name in ["signet.css", "signet.js", "favicon.svg"] {
            assert!(url(name).starts_with(&format!("/static/{name}?v=")), "{name}");
        }
        assert_eq!(url("none.css"), "/static/none.css");
    }
}

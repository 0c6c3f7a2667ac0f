//! Bodies of forms: read within the limit, and mistakes kept beside their fields.

use axum::extract::rejection::FormRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde::de::DeserializeOwned;

use super::failures::{PageFailure, sentence};
use crate::failure::{Failure, FieldError};

/// A form's fields; unreadable or oversized bodies are failures with a page.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = PageFailure;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageFailure> {
        match axum::Form::<T>::from_request(request, state).await {
            Ok(axum::Form(fields)) => Ok(Self(fields)),
            Err(rejection) => Err(refuse(&rejection).into()),
        }
    }
}

fn refuse(rejection: &FormRejection) -> Failure {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge(super::FORM_LIMIT),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Failure::UnsupportedMediaType("a form (application/x-www-form-urlencoded)")
        }
        _ => Failure::Unreadable("it is not a form that this page sends".into()),
    }
}

/// The mistakes of one form, shown beside the fields they belong to.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<FieldError>);

impl Mistakes {
    /// Notes what a parser says of a field: `says` completes the sentence that `label` begins.
    pub fn add(&mut self, field: &str, label: &str, says: &str) {
        self.0.push(FieldError { field: field.into(), message: format!("{label} {says}"), code: None });
    }

    /// The message of a field as a sentence; empty where there is none.
    pub fn of(&self, field: &str) -> String {
        let of_field = self.0.iter().filter(|mistake| mistake.field == field);
        of_field.map(|mistake| sentence(&mistake.message)).collect::<Vec<_>>().join(" ")
    }

    /// What belongs to none of these fields, to be said above the form.
    pub fn beside(&self, fields: &[&str]) -> String {
        let others = self.0.iter().filter(|mistake| !fields.contains(&mistake.field.as_str()));
        others.map(|mistake| sentence(&mistake.message)).collect::<Vec<_>>().join(" ")
    }

    /// The mistakes that a failure carries: a conflict is said beside `field`. Any other failure is returned.
    pub fn from_failure(failure: Failure, field: &str) -> Result<(StatusCode, Self), PageFailure> {
        match failure {
            Failure::Unacceptable(mistakes) => Ok((StatusCode::UNPROCESSABLE_ENTITY, Self(mistakes))),
            Failure::Conflict(message) => {
                let mistake = FieldError { field: field.into(), message, code: None };
                Ok((StatusCode::CONFLICT, Self(vec![mistake])))
            }
            other => Err(other.into()),
        }
    }
}

/// A rendered page with its status.
pub fn page(status: StatusCode, template: &impl askama::Template) -> Result<Response, PageFailure> {
    Ok((status, [("cache-control", "no-store")], Html(template.render()?)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_stands_beside_its_field_and_the_rest_above_the_form() {
        let mut mistakes = Mistakes::default();
        mistakes.add("mx", "The bounce MX", "is not PRIORITY HOST");
        mistakes.add("other", "Something", "is wrong");
        assert_eq!(mistakes.of("mx"), "The bounce MX is not PRIORITY HOST.");
        assert_eq!(mistakes.of("spf"), "");
        assert_eq!(mistakes.beside(&["mx", "spf"]), "Something is wrong.");
    }
}

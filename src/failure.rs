//! The closed list of ways a request can fail → status, title, message. Pages and API only render it.

use thiserror::Error;

/// A mistake in one field of a form or body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub field: String,
    /// A whole sentence that says what was held and what is accepted.
    pub message: String,
    /// The finding code where the contract has one (`name-is-public-suffix`).
    pub code: Option<&'static str>,
}

#[derive(Debug, Error)]
pub enum Failure {
    #[error("the body cannot be read: {0}")]
    Unreadable(String),
    #[error("sign in first")]
    Unauthenticated,
    #[error("{0}")]
    Forbidden(String),
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// This team has it already, or there is no sending profile yet.
    #[error("{0}")]
    Conflict(String),
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the body must be {0}")]
    UnsupportedMediaType(&'static str),
    #[error("some fields are not acceptable")]
    Unacceptable(Vec<FieldError>),
    #[error("too many requests; try again in {retry_after_s} s")]
    TooMany { retry_after_s: u64 },
    /// The database is away.
    #[error("the database does not answer; nothing was changed, try again in a moment")]
    Unavailable,
    /// Ours; logged once at the edge with its chain, the visitor gets a request id.
    #[error("something went wrong on our side")]
    Internal(#[source] anyhow::Error),
}

impl Failure {
    /// HTTP status code.
    pub fn status(&self) -> u16 {
        match self {
            Self::Unreadable(_) => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden(_) => 403,
            Self::NotFound(_) => 404,
            Self::Conflict(_) => 409,
            Self::TooLarge(_) => 413,
            Self::UnsupportedMediaType(_) => 415,
            Self::Unacceptable(_) => 422,
            Self::TooMany { .. } => 429,
            Self::Internal(_) => 500,
            Self::Unavailable => 503,
        }
    }

    pub fn title(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "Bad request",
            Self::Unauthenticated => "Not signed in",
            Self::Forbidden(_) => "Not allowed",
            Self::NotFound(_) => "Not found",
            Self::Conflict(_) => "Conflict",
            Self::TooLarge(_) => "Too large",
            Self::UnsupportedMediaType(_) => "Unsupported media type",
            Self::Unacceptable(_) => "Not acceptable",
            Self::TooMany { .. } => "Too many requests",
            Self::Internal(_) => "Internal error",
            Self::Unavailable => "Temporarily unavailable",
        }
    }

    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Unacceptable(vec![FieldError { field: field.into(), message: message.into(), code: None }])
    }
}

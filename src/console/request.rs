//! The id of the request that is being served: in the log, in the answer's header, and in what a visitor is told.

use std::future::Future;

use uuid::Uuid;

tokio::task_local! {
    static REQUEST_ID: Uuid;
}

/// Serves a request under an id.
pub async fn served_as<F: Future>(id: Uuid, serving: F) -> F::Output {
    REQUEST_ID.scope(id, serving).await
}

/// The id of the request at hand; a new one outside of any.
pub fn request_id() -> Uuid {
    REQUEST_ID.try_with(|id| *id).unwrap_or_else(|_| Uuid::now_v7())
}

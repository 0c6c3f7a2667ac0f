//! Whether a lease still stands: alike for everything that is leased.

/// Tells whether the row of `table` whose `key` is `id` is still leased under this fence; holds it until the
/// transaction ends. Leases run by the database's clock, so that replicas need not agree on the time.
macro_rules! is_held {
    ($connection:expr, $table:literal, $key:literal, $id:expr, $fence:expr) => {
        sqlx::query_scalar!(
            "SELECT fence FROM "
                + $table
                + " WHERE "
                + $key
                + " = $1 AND fence = $2 AND leased_until > clock_timestamp() FOR UPDATE",
            $id,
            $fence,
        )
        .fetch_optional($connection)
        .await
        .map(|fence| fence.is_some())
        .map_err(StoreError::from)
    };
}

pub(super) use is_held;

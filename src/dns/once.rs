//! What one check asks once, however many of its questions wait for it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// Answers by what was asked; cheap to clone.
#[derive(Debug)]
pub struct Once<K, V>(Arc<Mutex<HashMap<K, Arc<OnceCell<V>>>>>);

impl<K, V> Default for Once<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, V> Clone for Once<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash, V: Clone> Once<K, V> {
    /// The answer to `key`: as it is known, or as whoever asks already will hear it, else by `ask`.
    pub async fn get(&self, key: K, ask: impl Future<Output = V>) -> V {
        let cell = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(key).or_default())
        };
        cell.get_or_init(|| ask).await.clone()
    }
}

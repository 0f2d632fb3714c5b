//! What was unfolded lately, for whoever asks for it again: the next page, other words, the same page a minute later.
//!
//! Two halves: what is asked for is kept in the young one; when that is full, it becomes the old one, and what was in the old one
//! until then was not asked for in the meantime and goes.

use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

/// Values by keys that never mean anything else.
pub(in crate::store) struct Cache<K, V> {
    half_bytes_max: usize,
    halves: Mutex<Halves<K, V>>,
}

struct Halves<K, V> {
    young: FxHashMap<K, (Arc<V>, usize)>,
    young_bytes: usize,
    old: FxHashMap<K, (Arc<V>, usize)>,
}

impl<K: Eq + Hash, V> Cache<K, V> {
    /// An empty one for so many bytes of values, as they are told.
    pub(in crate::store) fn new(bytes_max: usize) -> Self {
        let halves = Halves { young: FxHashMap::default(), young_bytes: 0, old: FxHashMap::default() };
        Self { half_bytes_max: bytes_max / 2, halves: Mutex::new(halves) }
    }

    /// The value of a key, if it is still there.
    pub(in crate::store) fn get(&self, key: K) -> Option<Arc<V>> {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((value, _)) = halves.young.get(&key) {
            return Some(Arc::clone(value));
        }
        let (value, bytes) = halves.old.remove(&key)?;
        halves.keep(key, Arc::clone(&value), bytes, self.half_bytes_max);
        Some(value)
    }

    /// Keeps a value of so many bytes.
    pub(in crate::store) fn insert(&self, key: K, value: Arc<V>, bytes: usize) {
        if bytes <= self.half_bytes_max {
            let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
            halves.keep(key, value, bytes, self.half_bytes_max);
        }
    }
}

impl<K: Eq + Hash, V> Halves<K, V> {
    fn keep(&mut self, key: K, value: Arc<V>, bytes: usize, bytes_max: usize) {
        if self.young_bytes + bytes > bytes_max {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        // Two that miss at the same time bring it twice.
        let before = self.young.insert(key, (value, bytes));
        self.young_bytes += bytes - before.map_or(0, |(_, bytes)| bytes).min(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let cache = Cache::new(20);
        for key in 0..100 {
            cache.insert(key, Arc::new(key * 2), 2);
            assert_eq!(cache.get(0).as_deref(), Some(&0), "asked for all the time");
        }
        assert_eq!(cache.get(99).as_deref(), Some(&198));
        assert_eq!(cache.get(50), None);
        let halves = cache.halves.lock().unwrap();
        assert!(halves.young_bytes <= 10 && halves.young.len() + halves.old.len() <= 10);
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let cache = Cache::new(20);
        cache.insert(1, Arc::new(()), 11);
        assert_eq!(cache.get(1), None);
        for _ in 0..100 {
            cache.insert(2, Arc::new(()), 10);
        }
        assert_eq!(cache.halves.lock().unwrap().young_bytes, 10);
    }
}

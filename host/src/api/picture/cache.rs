//! The pictures that were asked for last, bounded by their bytes.

use super::{Key, Picture};
use std::collections::VecDeque;

/// Newest last. A few thousand entries at most, so looking through them costs less than keeping an index.
pub(super) struct Cache {
    entries: VecDeque<(Key, Picture)>,
    held: usize,
    most: usize,
}

impl Cache {
    pub(super) fn new(most: usize) -> Self {
        Self { entries: VecDeque::new(), held: 0, most }
    }

    pub(super) fn get(&mut self, key: &Key) -> Option<Picture> {
        let index = self.entries.iter().position(|(known, _)| known == key)?;
        let entry = self.entries.remove(index)?;
        let picture = entry.1.clone();
        self.entries.push_back(entry);
        Some(picture)
    }

    pub(super) fn put(&mut self, key: Key, picture: Picture) {
        if let Some(index) = self.entries.iter().position(|(known, _)| *known == key) {
            self.forget(index);
        }
        self.held += picture.bytes.len();
        self.entries.push_back((key, picture));
        while self.held > self.most && !self.entries.is_empty() {
            self.forget(0);
        }
    }

    fn forget(&mut self, index: usize) {
        if let Some((_, picture)) = self.entries.remove(index) {
            self.held -= picture.bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Stamp, Wanted};
    use super::*;
    use axum::body::Bytes;

    fn key(name: &str) -> Key {
        Key { path: name.into(), stamp: Stamp { modified: 1, length: 1 }, wanted: Wanted::default() }
    }

    fn picture(bytes: usize) -> Picture {
        Picture { bytes: Bytes::from(vec![0; bytes]), mime: "image/png" }
    }

    #[test]
    fn forgets_what_was_not_asked_for_longest() {
        let mut cache = Cache::new(100);
        cache.put(key("a"), picture(40));
        cache.put(key("b"), picture(40));
        assert!(cache.get(&key("a")).is_some());
        cache.put(key("c"), picture(40));
        assert!(cache.get(&key("b")).is_none());
        assert!(cache.get(&key("a")).is_some() && cache.get(&key("c")).is_some());
        assert_eq!(cache.held, 80);
        cache.put(key("a"), picture(10));
        assert_eq!(cache.held, 50);
        cache.put(key("huge"), picture(101));
        assert_eq!((cache.held, cache.entries.len()), (0, 0));
    }
}

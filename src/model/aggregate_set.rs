//! A set of aggregates: a roaring bitmap of their ids.

use roaring::RoaringBitmap;

use super::id::AggregateId;

/// A set of aggregates. Filters are intersections of such sets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AggregateSet(pub RoaringBitmap);

impl AggregateSet {
    /// The empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether `id` is in the set.
    #[must_use]
    pub fn contains(&self, id: AggregateId) -> bool {
        self.0.contains(id.0)
    }

    /// Adds `id`.
    pub fn insert(&mut self, id: AggregateId) {
        self.0.insert(id.0);
    }

    /// Removes `id`.
    pub fn remove(&mut self, id: AggregateId) {
        self.0.remove(id.0);
    }

    /// How many aggregates are in the set.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The set in roaring's portable format.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.serialized_size());
        // Writing to memory does not fail.
        let _ = self.0.serialize_into(&mut bytes);
        bytes
    }

    /// The set that [`Self::to_bytes`] wrote; `None` where the bytes are no such set.
    #[must_use]
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let set = RoaringBitmap::deserialize_from(&mut bytes).ok()?;
        bytes.is_empty().then_some(Self(set))
    }

    /// Ids in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = AggregateId> + '_ {
        self.0.iter().map(AggregateId)
    }
}

impl FromIterator<AggregateId> for AggregateSet {
    fn from_iter<I: IntoIterator<Item = AggregateId>>(ids: I) -> Self {
        Self(ids.into_iter().map(|id| id.0).collect())
    }
}

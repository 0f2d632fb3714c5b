//! Sets of documents and of small numbers as bits.

use roaring::RoaringBitmap;

/// Documents that are looked at together.
pub(super) const WINDOW: u32 = 1024;

/// A bit for each document of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window([u64; WINDOW as usize / 64]);

impl Window {
    pub(super) const EMPTY: Self = Self([0; WINDOW as usize / 64]);

    /// The documents from `from` to before `to`, counted from the window's begin.
    pub(super) fn range(from: u32, to: u32) -> Self {
        let mut window = Self::EMPTY;
        for (word, begin) in window.0.iter_mut().zip((0u32..).step_by(64)) {
            let low = from.saturating_sub(begin).min(64);
            let high = to.saturating_sub(begin).min(64);
            if low < high {
                let ones = u64::MAX >> (64 - (high - low));
                *word = ones << low;
            }
        }
        window
    }

    /// Those of up to a window's number of values for which `test` holds.
    pub(super) fn of<T: Copy + Into<u64>>(values: &[T], test: impl Fn(u64) -> bool) -> Self {
        let mut window = Self::EMPTY;
        for (word, values) in window.0.iter_mut().zip(values.chunks(64)) {
            *word = (0..).zip(values).fold(0, |bits, (at, value)| bits | u64::from(test((*value).into())) << at);
        }
        window
    }

    pub(super) fn insert(&mut self, at: u32) {
        if let Some(word) = self.0.get_mut(at as usize / 64) {
            *word |= 1 << (at % 64);
        }
    }

    /// Adds ascending documents of the window that begins at `base`.
    pub(super) fn extend(&mut self, base: u32, documents: &[u32]) {
        extend(&mut self.0, documents.iter().map(|document| document - base));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        self.zip(other, |one, other| one & other)
    }

    pub(super) fn or(&self, other: &Self) -> Self {
        self.zip(other, |one, other| one | other)
    }

    pub(super) fn without(&self, other: &Self) -> Self {
        self.zip(other, |one, other| one & !other)
    }

    fn zip(&self, other: &Self, with: impl Fn(u64, u64) -> u64) -> Self {
        let mut out = *self;
        for (word, other) in out.0.iter_mut().zip(&other.0) {
            *word = with(*word, *other);
        }
        out
    }

    /// The first one that is in it from `at` on.
    pub(super) fn next(&self, at: u32) -> Option<u32> {
        let first = at as usize / 64;
        let mut mask = u64::MAX << (at % 64);
        for (place, word) in self.0.iter().enumerate().skip(first) {
            let word = word & std::mem::replace(&mut mask, u64::MAX);
            if word != 0 {
                return Some(place as u32 * 64 + word.trailing_zeros());
            }
        }
        None
    }

    /// The last one that is in it.
    pub(super) fn last(&self) -> Option<u32> {
        let (place, word) = self.0.iter().enumerate().rev().find(|(_, word)| **word != 0)?;
        Some(place as u32 * 64 + word.ilog2())
    }

    /// All that are in it, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0u32..).step_by(64).zip(self.0.iter()).flat_map(|(begin, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(begin + bit)
            })
        })
    }
}

/// Adds ascending numbers. A word is written when all of its numbers are known: written for each of them, one write would wait
/// for the other.
fn extend(words: &mut [u64], numbers: impl Iterator<Item = u32>) {
    let mut write = |place: usize, bits: u64| {
        if let Some(word) = words.get_mut(place) {
            *word |= bits;
        }
    };
    let (mut place, mut bits) = (0, 0);
    for number in numbers {
        let of = number as usize / 64;
        if of != place {
            write(place, std::mem::take(&mut bits));
            place = of;
        }
        bits |= 1 << (number % 64);
    }
    write(place, bits);
}

/// A set of numbers, a bit for each up to the largest.
#[derive(Debug, Clone, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// The empty set of numbers below `end`.
    pub(super) fn with_room(end: u32) -> Self {
        Self(vec![0; end.div_ceil(64) as usize])
    }

    /// Adds ascending numbers that there is room for.
    pub(super) fn extend(&mut self, numbers: &[u32]) {
        extend(&mut self.0, numbers.iter().copied());
    }

    pub(super) fn insert(&mut self, number: u64) {
        let at = (number / 64) as usize;
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        if let Some(word) = self.0.get_mut(at) {
            *word |= 1 << (number % 64);
        }
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.0.get((number / 64) as usize).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// All that are in it, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        (0u64..).step_by(64).zip(&self.0).flat_map(|(begin, word)| {
            let word = *word;
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| begin + bit)
        })
    }

    /// The window that begins at `base`, a multiple of its size.
    pub(super) fn window(&self, base: u32) -> Window {
        let mut window = Window::EMPTY;
        let words = self.0.iter().skip(base as usize / 64);
        for (word, have) in window.0.iter_mut().zip(words) {
            *word = *have;
        }
        window
    }
}

impl From<&RoaringBitmap> for Bits {
    fn from(numbers: &RoaringBitmap) -> Self {
        let mut bits = Self(vec![0; numbers.max().map_or(0, |max| max as usize / 64 + 1)]);
        for number in numbers {
            bits.insert(u64::from(number));
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_sets() {
        let window = Window::range(3, 200);
        assert_eq!(window.iter().collect::<Vec<_>>(), (3..200).collect::<Vec<_>>());
        assert_eq!((window.len(), window.next(0), window.next(64), window.next(200)), (197, Some(3), Some(64), None));
        assert_eq!((window.last(), Window::EMPTY.last()), (Some(199), None));
        assert_eq!(Window::range(0, WINDOW).len(), WINDOW);
        assert!(Window::range(5, 5).is_empty() && Window::range(7, 5).is_empty());
        let even = (0..WINDOW).step_by(2).fold(Window::EMPTY, |mut window, at| {
            window.insert(at);
            window
        });
        assert_eq!(window.and(&even).len(), 98);
        assert_eq!(window.without(&even).or(&window.and(&even)), window);
    }

    #[test]
    fn bits_are_windows_of_numbers() {
        let numbers: RoaringBitmap = [1u32, 1024, 1100, 5000].into_iter().collect();
        let bits = Bits::from(&numbers);
        assert!(bits.contains(5000) && !bits.contains(5001) && !bits.contains(1 << 40));
        assert_eq!(bits.window(1024).iter().collect::<Vec<_>>(), [0, 76]);
        assert!(bits.window(8192).is_empty());
    }
}

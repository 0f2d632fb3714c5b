//! Chance that can be repeated: the same seed gives the same numbers on every machine and in every build.

use crate::model::time::Millis;

/// A small generator (splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). Good
/// enough to look like chance, and cheap enough to start a new one for every minute of every error.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// A generator that depends on all of `parts` and their order.
    pub(crate) fn of(parts: &[u64]) -> Self {
        Self(parts.iter().fold(0x5851_f42d_4c95_7f2d, |hash, part| mix(hash ^ part)))
    }

    /// 64 random bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Evenly in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Evenly in `0..n`; 0 when `n` is 0.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// Evenly in `low..=high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// A time, evenly in `0..below`.
    pub(crate) fn time(&mut self, below: Millis) -> Millis {
        Millis(i64::try_from(self.below(below.0.unsigned_abs())).unwrap_or(i64::MAX))
    }

    /// A time, evenly from `low` to less than `high`.
    pub(crate) fn time_between(&mut self, low: i64, high: i64) -> Millis {
        Millis(low + self.time(Millis(high - low)).0)
    }

    /// True with probability `p`.
    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// One of `items`; `None` when there are none.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// One of `words`; empty when there are none.
    pub(crate) fn word(&mut self, words: &[&'static str]) -> &'static str {
        self.pick(words).copied().unwrap_or_default()
    }

    /// How many of many unlikely things happened when `mean` of them are expected (Poisson distribution).
    pub(crate) fn poisson(&mut self, mean: f64) -> u32 {
        let u = self.unit();
        // P(n > 0) = 1 - e^-mean <= mean: most draws of a quiet error end here, without an exponential.
        if u >= mean {
            return 0;
        }
        if mean > 30.0 {
            // Box-Muller; the normal distribution is near enough from here on.
            let (a, b) = (1.0 - self.unit(), self.unit());
            let normal = (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos();
            return (mean + normal * mean.sqrt()).round().max(0.0) as u32;
        }
        let (mut n, mut p) = (0, (-mean).exp());
        // `1 - u` is evenly distributed too, and small where `u` is large: the test above stays true to it.
        let mut left = 1.0 - u - p;
        while left > 0.0 && n < 200 {
            n += 1;
            p *= mean / f64::from(n);
            left -= p;
        }
        n
    }

    /// A UUID of the given version (1 for clients that use the time, 4 for those that use chance).
    pub(crate) fn uuid(&mut self, version: u64) -> String {
        let (a, b) = (self.next(), self.next());
        let (c, d) = (a & 0x0fff, (b >> 48) & 0x3fff | 0x8000);
        format!("{:08x}-{:04x}-{version:x}{c:03x}-{d:04x}-{:012x}", a >> 32, (a >> 16) & 0xffff, b & 0xffff_ffff_ffff)
    }
}

/// Scatters the bits of `z`.
pub(crate) fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// FNV-1a in 32 bits, as the Go client hashes its keys.
pub(crate) fn fnv32(parts: impl IntoIterator<Item = impl AsRef<str>>) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    for part in parts {
        for byte in part.as_ref().bytes() {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poisson_has_its_mean_and_variance() {
        for mean in [0.01, 0.5, 3.0, 25.0, 80.0] {
            let mut rng = Rng::of(&[7]);
            let draws: Vec<f64> = (0..40_000).map(|_| f64::from(rng.poisson(mean))).collect();
            let average = draws.iter().sum::<f64>() / draws.len() as f64;
            let variance = draws.iter().map(|n| (n - average).powi(2)).sum::<f64>() / draws.len() as f64;
            assert!((average - mean).abs() < 0.05 * mean + 0.005, "mean {mean}: {average}");
            assert!((variance - mean).abs() < 0.1 * mean + 0.005, "variance {mean}: {variance}");
        }
    }

    #[test]
    fn the_same_parts_give_the_same_numbers_and_other_parts_others() {
        assert_eq!(Rng::of(&[1, 2]).next(), Rng::of(&[1, 2]).next());
        assert_ne!(Rng::of(&[1, 2]).next(), Rng::of(&[2, 1]).next());
        assert_eq!(Rng::of(&[1]).uuid(4).as_bytes()[14], b'4');
    }
}

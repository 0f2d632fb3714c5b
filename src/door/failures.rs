//! How often somebody may be wrong.
//!
//! Guessing passwords is slow by itself, because each costs bcrypt's time, and that time is ours: so an address has a few
//! attempts, and all together have some more. Whoever is let in without a guess, by an API token or by a password that was right
//! before, is not held up by others' guesses.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use crate::clock::Stopwatch;
use crate::config::door::RateLimit;

/// Wrong guesses of an address at once, and then in a second: ten, and ten in a minute.
const OF_ADDRESS: Rate = Rate { burst: 10.0, per_second: 10.0 / 60.0 };

/// Of all addresses together: what a large office mistypes on a Monday, and far less than would keep a core busy.
const OF_ALL: Rate = Rate { burst: 100.0, per_second: 1.0 };

/// Addresses that are remembered; of more, those that guessed least are forgotten.
const ADDRESSES_MAX: usize = 4096;

#[derive(Clone, Copy)]
struct Rate {
    burst: f64,
    per_second: f64,
}

/// What is left of a rate.
#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    /// Seconds of the stopwatch.
    at: f64,
}

impl Bucket {
    fn full(rate: Rate, now: f64) -> Self {
        Self { left: rate.burst, at: now }
    }

    fn refill(&mut self, rate: Rate, now: f64) {
        self.left = (self.left + (now - self.at) * rate.per_second).min(rate.burst);
        self.at = now;
    }

    /// Seconds until one is left; 0 when one is.
    fn wait(&self, rate: Rate) -> u64 {
        ((1.0 - self.left) / rate.per_second).ceil().max(0.0) as u64
    }
}

pub(super) struct Failures {
    watch: Stopwatch,
    table: Mutex<Table>,
}

struct Table {
    all: Bucket,
    of: HashMap<IpAddr, Bucket>,
    requests: Option<(RateLimit, Bucket)>,
}

impl Failures {
    pub(super) fn new(watch: Stopwatch) -> Self {
        let all = Bucket::full(OF_ALL, watch.seconds());
        Self { watch, table: Mutex::new(Table { all, of: HashMap::new(), requests: None }) }
    }

    /// Takes a guess of `address` before it is looked at, so that many at once are not all looked at.
    ///
    /// # Errors
    /// The seconds after which there is one again.
    pub(super) fn begin(&self, address: IpAddr) -> Result<(), u64> {
        let now = self.watch.seconds();
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let table = &mut *table;
        table.all.refill(OF_ALL, now);
        let address = network(address);
        if table.of.len() >= ADDRESSES_MAX && !table.of.contains_key(&address) {
            forget(&mut table.of, now);
        }
        let bucket = table.of.entry(address).or_insert_with(|| Bucket::full(OF_ADDRESS, now));
        bucket.refill(OF_ADDRESS, now);
        let wait = bucket.wait(OF_ADDRESS).max(table.all.wait(OF_ALL));
        if wait > 0 {
            return Err(wait);
        }
        bucket.left -= 1.0;
        table.all.left -= 1.0;
        if bucket.left < 1.0 {
            tracing::info!(%address, "too many wrong passwords or tokens; more are not looked at for a while");
        }
        Ok(())
    }

    /// Gives back what [`Failures::begin`] took: the guess was right.
    pub(super) fn take_back(&self, address: IpAddr) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.all.left = (table.all.left + 1.0).min(OF_ALL.burst);
        if let Some(bucket) = table.of.get_mut(&network(address)) {
            bucket.left = (bucket.left + 1.0).min(OF_ADDRESS.burst);
        }
    }

    /// Takes one of the requests that the toolkit's `rate_limit` allows; false when there is none.
    pub(super) fn take_request(&self, limit: RateLimit) -> bool {
        let now = self.watch.seconds();
        let rate = Rate { burst: f64::from(limit.burst), per_second: 1.0 / limit.interval.as_seconds() };
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bucket = match table.requests {
            Some((known, bucket)) if known == limit => bucket,
            _ => Bucket::full(rate, now),
        };
        bucket.refill(rate, now);
        let taken = bucket.left >= 1.0;
        if taken {
            bucket.left -= 1.0;
        }
        table.requests = Some((limit, bucket));
        taken
    }
}

/// Whom an address stands for: with IPv6 one customer has at least 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

fn forget(of: &mut HashMap<IpAddr, Bucket>, now: f64) {
    of.retain(|_, bucket| {
        bucket.refill(OF_ADDRESS, now);
        bucket.left < OF_ADDRESS.burst
    });
    if of.len() >= ADDRESSES_MAX {
        let most = of.iter().max_by(|(_, a), (_, b)| a.left.total_cmp(&b.left)).map(|(address, _)| *address);
        if let Some(address) = most {
            of.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::model::time::{Millis, Timestamp};

    fn address(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn an_address_has_ten_guesses_and_then_one_in_six_seconds() {
        let clock = Clock::mock(Timestamp(0));
        let failures = Failures::new(clock.stopwatch());
        for _ in 0..10 {
            failures.begin(address(1)).unwrap();
        }
        assert_eq!(failures.begin(address(1)), Err(6));
        assert_eq!(failures.begin(address(2)), Ok(()));
        clock.advance(Millis(4_500));
        assert_eq!(failures.begin(address(1)), Err(2));
        clock.advance(Millis(1_500));
        assert_eq!(failures.begin(address(1)), Ok(()));
        assert_eq!(failures.begin(address(1)), Err(6));
        failures.take_back(address(1));
        assert_eq!(failures.begin(address(1)), Ok(()));
    }

    #[test]
    fn all_together_have_a_hundred_and_the_table_is_bounded() {
        let clock = Clock::mock(Timestamp(0));
        let failures = Failures::new(clock.stopwatch());
        let outcomes: Vec<_> = (0..10_000).map(|number| failures.begin(address(number))).collect();
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 100);
        assert_eq!(outcomes[5000], Err(1));
        assert!(failures.table.lock().unwrap().of.len() <= ADDRESSES_MAX);
    }

    #[test]
    fn addresses_of_one_customer_count_together() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }

    #[test]
    fn requests_are_limited_as_the_file_says() {
        let clock = Clock::mock(Timestamp(0));
        let failures = Failures::new(clock.stopwatch());
        let limit = RateLimit { interval: Millis(500), burst: 2 };
        let taken: Vec<bool> = (0..3).map(|_| failures.take_request(limit)).collect();
        assert_eq!(taken, [true, true, false]);
        clock.advance(Millis(500));
        assert!(failures.take_request(limit) && !failures.take_request(limit));
    }
}

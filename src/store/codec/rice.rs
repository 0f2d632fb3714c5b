//! Chunks: the points of one series in one window of time, about 0.6 bytes a point.
//!
//! A point says that something happened `count` times at `offset`. Errors come in bursts, so the gaps between points
//! and the counts are mostly tiny: both are Rice-coded with parameters chosen for each chunk, after R. F. Rice, "Some
//! practical universal noiseless coding techniques", JPL 79-22 (1979). Unary parts are zeros closed by a one and bits
//! fill bytes from the lowest up, so that a whole point is usually found in a table by its next eleven bits.
//!
//! ```text
//! varint  n        number of points; a chunk without points ends here
//! varint  unit     2 * unit + (1 if a phase follows); unit = greatest common divisor of the offsets' differences
//! varint  phase    offsets modulo unit, where not 0
//! byte    kg + 16 * kc
//! bits    n times: code(kg, gap - 1), code(kc, count - 1); then zeros up to the end of the byte
//! ```
//! The gap is the distance to the point before in units; the first point counts from the unit before the window.
//! `code(k, v)` with `v >> k < 12` is `v >> k` zeros, a one, and the low `k` bits of `v`; any other `v` is 12 zeros, a
//! one, 6 bits that say how many bits `v` has less one, and those bits. So no value costs more than 83 bits.

use std::sync::OnceLock;

use super::{Corrupt, varint};

/// A unary part of this many zeros announces a value in plain bits.
const ESCAPE: u32 = 12;
/// Largest Rice parameter: two of them share a byte.
const K_MAX: u32 = 15;
/// Entries of a decoding table: by eleven bits nearly all points are known whole, and it still fits into the first cache.
const TABLE: usize = 1 << 11;
/// The bits of an entry that hold how many bits its point has.
const WIDTH: u32 = 0xff;
/// The entry of bits that do not hold a whole point: wider than any.
const UNLISTED: u32 = WIDTH;
const READING: &str = "chunk";
const ENDED: Corrupt = Corrupt::new(READING, "ended early");

/// Encodes points in strictly ascending order of their offsets, every count at least 1. Offsets are seconds within
/// the window, or whatever unit the caller counts in.
#[must_use]
pub fn encode(points: &[(u32, u64)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(12 + points.len());
    encode_into(points, &mut out);
    out
}

/// As [`encode`], appended to `out`.
pub fn encode_into(points: &[(u32, u64)], out: &mut Vec<u8>) {
    debug_assert!(points.is_sorted_by(|a, b| a.0 < b.0), "offsets ascend strictly");
    debug_assert!(points.iter().all(|point| point.1 > 0), "a point is something that happened");
    varint::write_u64(out, points.len() as u64);
    let Some(&(first, _)) = points.first() else { return };
    let unit = unit(points, first);
    let phase = first % unit;
    varint::write_u64(out, u64::from(unit) << 1 | u64::from(phase != 0));
    if phase != 0 {
        varint::write_u64(out, u64::from(phase));
    }
    // A division a point is the dearest step, so it is done once and its results are used by all that follows.
    let mut last = None::<u32>;
    let steps: Vec<(u32, u64)> = points
        .iter()
        .map(|&(offset, count)| {
            let gap = last.map_or(offset / unit, |last| ((offset - last) / unit).wrapping_sub(1));
            last = Some(offset);
            (gap, count.wrapping_sub(1))
        })
        .collect();
    let kg = parameter(&steps.iter().map(|step| u64::from(step.0)));
    let kc = parameter(&steps.iter().map(|step| step.1));
    out.push((kg | kc << 4) as u8);
    let mut bits = Bits { out, word: 0, filled: 0 };
    for &(gap, count) in &steps {
        bits.code(u64::from(gap), kg);
        bits.code(count, kc);
    }
    bits.finish();
}

/// Calls `visit(offset, count)` for each point of a chunk, in ascending order of the offsets.
///
/// # Errors
/// When `chunk` is not what [`encode`] wrote, too short or too long included. Points before the damage may have been
/// visited already.
pub fn decode(chunk: &[u8], visit: impl FnMut(u32, u64)) -> Result<(), Corrupt> {
    decode_until(chunk, u32::MAX, visit)
}

/// As [`decode`], but ends before the first point whose offset is not below `end`. What comes after it is not looked at.
///
/// # Errors
/// As [`decode`], for what was looked at.
#[inline]
pub fn decode_until(chunk: &[u8], end: u32, mut visit: impl FnMut(u32, u64)) -> Result<(), Corrupt> {
    let mut input = chunk;
    let header = |corrupt: Corrupt| corrupt.while_reading("chunk header");
    let points = varint::read_u64(&mut input).map_err(header)?;
    if points == 0 {
        return if input.is_empty() { Ok(()) } else { Err(Corrupt::new(READING, "more bytes than points")) };
    }
    let unit = varint::read_u64(&mut input).map_err(header)?;
    let phase = if unit & 1 == 0 { 0 } else { varint::read_u64(&mut input).map_err(header)?.max(1) };
    let unit = unit >> 1;
    if unit == 0 || unit > u64::from(u32::MAX) || phase >= unit {
        return Err(Corrupt::new("chunk header", "impossible unit"));
    }
    let Some((&parameters, bytes)) = input.split_first() else { return Err(ENDED) };
    let (kg, kc) = (u32::from(parameters & 15), u32::from(parameters >> 4));
    let limit = bytes.len() * 8;
    // Even the shortest point has two bits; so a number of points that was never written ends no loop late.
    if points > (limit / 2) as u64 {
        return Err(ENDED);
    }
    let table = table(kg, kc);
    let look = |word: u64| table.get(word as usize % TABLE).copied().unwrap_or(UNLISTED);
    // `have` of the bits from `at` on are in `word`.
    let (mut word, mut have, mut at, mut offset) = (0u64, 0u32, 0usize, phase.wrapping_sub(unit));
    for _ in 0..points {
        let mut entry = look(word);
        if entry & WIDTH > have {
            word = window(bytes, at);
            have = (64 - at % 8).min(limit - at) as u32;
            entry = look(word);
        }
        let listed = (entry & WIDTH, u64::from(entry >> 20), u64::from(entry >> 8 & 0xfff));
        let (used, gap, count) = if listed.0 <= have { listed } else { point(word, kg, kc) };
        let (gap, count) = if used <= have {
            at += used as usize;
            have -= used;
            word = word.checked_shr(used).unwrap_or(0);
            (gap, count)
        } else {
            have = 0;
            (code(bytes, &mut at, kg)?, code(bytes, &mut at, kc)?)
        };
        if gap >= u64::from(u32::MAX) || count == u64::MAX {
            return Err(Corrupt::new(READING, "gap or count beyond all bounds"));
        }
        offset = offset.wrapping_add((gap + 1) * unit);
        let place = u32::try_from(offset).map_err(|_| Corrupt::new(READING, "offset beyond the window"))?;
        if place >= end && end < u32::MAX {
            return Ok(());
        }
        visit(place, count + 1);
    }
    if limit - at >= 8 {
        return Err(Corrupt::new(READING, "more bytes than points"));
    }
    if window(bytes, at) == 0 { Ok(()) } else { Err(Corrupt::new(READING, "padding is not zero")) }
}

/// The 57 to 64 bits from bit `at` on, lowest first; zeros beyond the end.
#[inline]
fn window(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at / 8..).unwrap_or_default();
    let word = match rest.first_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    word >> (at % 8)
}

/// By the next bits the point that they begin with: its bits in all, then its count less one and its gap less one from bits 8
/// and 20 on; [`UNLISTED`] where these bits do not hold the whole point.
type Table = [u32; TABLE];

/// The table of two parameters, made when it is first needed: 8 KiB each, 55 at most.
fn table(kg: u32, kc: u32) -> &'static Table {
    static TABLES: [OnceLock<Box<Table>>; 256] = [const { OnceLock::new() }; 256];
    static EMPTY: Table = [UNLISTED; TABLE];
    // The shortest point has as many bits more than both parameters.
    let listed = kg + kc + 2 <= TABLE.ilog2();
    TABLES.get((kg | kc << 4) as usize).filter(|_| listed).map_or(&EMPTY, |table| {
        table.get_or_init(|| {
            let mut table = Box::new(EMPTY);
            for (word, entry) in (0u64..).zip(table.iter_mut()) {
                let zeros_gap = word.trailing_zeros();
                let rest = word.wrapping_shr(zeros_gap + 1 + kg);
                let zeros_count = rest.trailing_zeros();
                let used = zeros_gap + zeros_count + 2 + kg + kc;
                if used <= TABLE.ilog2() {
                    let gap = zeros_gap << kg | (word >> (zeros_gap + 1)) as u32 & ((1 << kg) - 1);
                    let count = zeros_count << kc | (rest >> (zeros_count + 1)) as u32 & ((1 << kc) - 1);
                    *entry = used | count << 8 | gap << 20;
                }
            }
            table
        })
    })
}

/// The point that `word` begins with, without escapes: its bits in all, its gap less one and its count less one. More bits
/// than a word has where there is an escape.
#[inline]
fn point(word: u64, kg: u32, kc: u32) -> (u32, u64, u64) {
    let zeros_gap = word.trailing_zeros();
    let rest = word.checked_shr(zeros_gap + 1 + kg).unwrap_or(0);
    let zeros_count = rest.trailing_zeros();
    if zeros_gap >= ESCAPE || zeros_count >= ESCAPE {
        return (UNLISTED, 0, 0);
    }
    let gap = u64::from(zeros_gap) << kg | word >> (zeros_gap + 1) & ((1 << kg) - 1);
    let count = u64::from(zeros_count) << kc | rest >> (zeros_count + 1) & ((1 << kc) - 1);
    (zeros_gap + zeros_count + 2 + kg + kc, gap, count)
}

/// Reads any one code, which begins at bit `at`.
fn code(bytes: &[u8], at: &mut usize, k: u32) -> Result<u64, Corrupt> {
    let word = window(bytes, *at);
    let zeros = word.trailing_zeros();
    if zeros >= ESCAPE {
        return escaped(bytes, at);
    }
    *at += (zeros + 1 + k) as usize;
    if *at > bytes.len() * 8 {
        return Err(ENDED);
    }
    Ok(u64::from(zeros) << k | word >> (zeros + 1) & ((1 << k) - 1))
}

/// Reads an escaped value whose code begins at bit `at`.
fn escaped(bytes: &[u8], at: &mut usize) -> Result<u64, Corrupt> {
    let head = window(bytes, *at);
    if head.trailing_zeros() > ESCAPE {
        // Beyond the end there are only zeros, so this is also how a chunk ends in the middle of a code.
        return Err(Corrupt::new(READING, "no code begins with so many zeros"));
    }
    let width = (head >> (ESCAPE + 1) & 63) as u32 + 1;
    *at += ESCAPE as usize + 7;
    let (low, high) = (width.min(32), width - width.min(32));
    let mut value = window(bytes, *at) & ((1u64 << low) - 1);
    if high > 0 {
        value |= (window(bytes, *at + 32) & ((1u64 << high) - 1)) << 32;
    }
    *at += width as usize;
    if *at > bytes.len() * 8 { Err(ENDED) } else { Ok(value) }
}

/// Greatest common divisor of all differences; of a lone point its offset, so that it costs two bits.
fn unit(points: &[(u32, u64)], first: u32) -> u32 {
    let mut unit = 0;
    let mut last = first;
    for &(offset, _) in points.iter().skip(1) {
        let (mut a, mut b) = (offset - last, unit);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        unit = a;
        last = offset;
        if unit == 1 {
            return 1;
        }
    }
    if unit == 0 { first.max(1) } else { unit }
}

/// The Rice parameter that codes `values` in the fewest bits, found by walking downhill from what their mean suggests.
fn parameter(values: &(impl ExactSizeIterator<Item = u64> + Clone)) -> u32 {
    // Escaped values would drag the mean along: cut them to what a Rice code is for.
    let (len, sum) = (values.len() as u64, values.clone().map(|value| value.min(1 << K_MAX)).sum::<u64>());
    let mut best = (sum / len.max(1)).checked_ilog2().unwrap_or(0).min(K_MAX);
    let bits = |k: u32| values.clone().map(|value| width(value, k)).sum::<u64>();
    let mut least = bits(best);
    while best > 0 {
        let below = bits(best - 1);
        if below > least {
            break;
        }
        (best, least) = (best - 1, below);
    }
    while best < K_MAX {
        let above = bits(best + 1);
        if above >= least {
            break;
        }
        (best, least) = (best + 1, above);
    }
    best
}

/// Bits of `code(k, value)`.
fn width(value: u64, k: u32) -> u64 {
    let unary = value >> k;
    if unary < u64::from(ESCAPE) { unary + 1 + u64::from(k) } else { u64::from(ESCAPE + 7 + plain_width(value)) }
}

/// Bits of `value` itself, at least 1.
fn plain_width(value: u64) -> u32 {
    64 - (value | 1).leading_zeros()
}

/// Bits on their way into bytes.
struct Bits<'a> {
    out: &'a mut Vec<u8>,
    word: u64,
    filled: u32,
}

impl Bits<'_> {
    /// Appends the low `width` (at most 57) bits of `value`, which has no others.
    #[inline]
    fn push(&mut self, value: u64, width: u32) {
        self.word |= value << self.filled;
        self.filled += width;
        if self.filled >= 64 {
            self.out.extend_from_slice(&self.word.to_le_bytes());
            self.filled -= 64;
            self.word = if self.filled == 0 { 0 } else { value >> (width - self.filled) };
        }
    }

    #[inline]
    fn code(&mut self, value: u64, k: u32) {
        let unary = value >> k;
        if unary < u64::from(ESCAPE) {
            let low = value & ((1 << k) - 1);
            self.push((1 | low << 1) << unary, unary as u32 + 1 + k);
        } else {
            let width = plain_width(value);
            self.push((1 | u64::from(width - 1) << 1) << ESCAPE, ESCAPE + 7);
            self.push(value & u64::from(u32::MAX), width.min(32));
            self.push(value >> 32, width - width.min(32));
        }
    }

    fn finish(self) {
        let bytes = self.filled.div_ceil(8) as usize;
        self.out.extend(self.word.to_le_bytes().iter().take(bytes));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(chunk: &[u8]) -> Result<Vec<(u32, u64)>, Corrupt> {
        let mut points = Vec::new();
        decode(chunk, |offset, count| points.push((offset, count)))?;
        Ok(points)
    }

    #[test]
    fn chunks_have_their_golden_bytes() {
        for (points, bytes) in [
            (&[][..], &[0x00][..]),
            // A lone point: unit = its offset, slot 1, count 1: bits 01 1.
            (&[(7190, 1)], &[0x01, 0xac, 0x70, 0x00, 0b0000_0110]),
            (&[(0, 1)], &[0x01, 0x02, 0x00, 0b0000_0011]),
            // Every 10 s from 20 on: slots 2, 3, 5; values 2 0 1, all counts 1: bits 001 1 1 1 01 1.
            (&[(20, 1), (30, 1), (50, 1)], &[0x03, 0x14, 0x00, 0b1011_1100, 0b0000_0001]),
            // The same with a phase of 3.
            (&[(23, 1), (33, 1), (53, 1)], &[0x03, 0x15, 0x03, 0x00, 0b1011_1100, 0b0000_0001]),
            // An outlier: 12 zeros, 1, width - 1 = 63, 64 bits.
            (&[(0, u64::MAX)], &[0x01, 0x02, 0x00, 0x01, 0xe0, 0xef, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]),
        ] {
            assert_eq!(encode(points), bytes, "{points:?}");
            assert_eq!(decoded(bytes).as_deref(), Ok(points));
        }
    }

    #[test]
    fn extremes_come_back_and_cost_bounded_bytes() {
        for points in [
            vec![(0, u64::MAX), (u32::MAX, u64::MAX)],
            vec![(u32::MAX, 1)],
            vec![(0, 1), (1, u64::MAX), (2, 1), (4_000_000_000, 40_000)],
            (0..5000).map(|i| (i * 3, u64::from(i) << (i % 50))).map(|(o, c)| (o, c | 1)).collect(),
        ] {
            let chunk = encode(&points);
            assert!(chunk.len() <= 20 + points.len() * 21, "{} bytes", chunk.len());
            assert_eq!(decoded(&chunk), Ok(points));
        }
    }

    #[test]
    fn a_chunk_that_is_too_short_or_too_long_is_corrupt() {
        let points: Vec<_> = (0..300u32).map(|i| (i * i, u64::from(i % 7 * 50) + 1)).collect();
        let mut chunk = encode(&points);
        for length in 0..chunk.len() {
            assert!(decoded(&chunk[..length]).is_err(), "cut to {length}");
        }
        chunk.push(0);
        assert_eq!(decoded(&chunk), Err(Corrupt::new(READING, "more bytes than points")));
    }

    #[test]
    fn impossible_headers_are_corrupt() {
        for bytes in [
            &[0x00, 0x00][..],                                        // bytes after no points
            &[0x01, 0x00, 0x00, 0x03],                                // unit 0
            &[0x01, 0x05, 0x02, 0x00, 0x03],                          // phase not below the unit
            &[0x01, 0x80, 0x80, 0x80, 0x80, 0x40, 0x00, 0x03],        // unit beyond 32 bits
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x02, 0x00, 0x03],  // more points than bits
            &[0x01, 0x02, 0x00, 0b1000_0011],                         // padding
            &[0x01, 0xfe, 0xff, 0xff, 0xff, 0x1f, 0x00, 0b0000_1100], // offset 2 * u32::MAX
            &[0x01, 0x02, 0x00, 0x01, 0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
        ] {
            assert!(decoded(bytes).is_err(), "{bytes:02x?}");
        }
    }

    /// Bursts as real services have them: on for 20 minutes on average, then half of the 10 s slots see something;
    /// 5 % of all slots in all. Each series has its own loudness; over all, about half of the counts are 1, a sixth 2,
    /// a fifth 3 to 7, the rest beyond.
    fn bursts(seed: u64, slots: u32) -> Vec<(u32, u64)> {
        let mut state = seed;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let mut on = random(10) == 0;
        let quiet = [90, 90, 90, 90, 90, 90, 90, 50, 50, 50, 50, 50, 50, 25, 25, 25, 25, 7, 7, 7][random(20) as usize];
        let mut points = Vec::new();
        for slot in 0..slots {
            on = if on { random(120) != 0 } else { random(1080) == 0 };
            if on && random(2) == 0 {
                let mut count = 1;
                while random(100) >= quiet {
                    count += 1;
                }
                points.push((slot * 10, count));
            }
        }
        points
    }

    // The generator's entropy is 0.57 bytes a point; headers are 0.05 of what the chunks take.
    #[test]
    fn bursts_cost_two_thirds_of_a_byte_a_point() {
        let (mut bytes, mut points) = (0, 0);
        for series in 0..400 {
            // Two-hour chunks of three days.
            let all = bursts(series, 3 * 8640);
            for chunk in all.chunk_by(|a, b| a.0 / 7200 == b.0 / 7200) {
                let chunk: Vec<_> = chunk.iter().map(|(offset, count)| (offset % 7200, *count)).collect();
                bytes += encode(&chunk).len();
                points += chunk.len();
            }
        }
        let each = bytes as f64 / points as f64;
        assert!(each < 0.67, "{each:.3} bytes a point");
    }

    fn points() -> impl Strategy<Value = Vec<(u32, u64)>> {
        let gap = prop_oneof![1u32..20, 1u32..1000, 1u32..40_000_000];
        let count = prop_oneof![1u64..3, 1u64..100, 1u64..=u64::MAX];
        (prop::collection::vec((gap, count), 0..100), prop_oneof![Just(1u32), Just(10), Just(15)], 0u32..30).prop_map(
            |(steps, unit, phase)| {
                let mut offset = phase;
                let steps = steps.into_iter().map_while(|(gap, count)| {
                    let at = offset;
                    offset = offset.checked_add(gap.checked_mul(unit)?)?;
                    Some((at, count))
                });
                steps.collect()
            },
        )
    }

    proptest! {
        #[test]
        fn points_come_back(points in points()) {
            prop_assert_eq!(decoded(&encode(&points)), Ok(points));
        }

        #[test]
        fn any_bytes_end_in_points_or_corrupt(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut visited = 0;
            let _ = decode(&bytes, |_, _| visited += 1);
            prop_assert!(visited <= bytes.len() * 4);
        }

        #[test]
        fn flipped_bits_never_panic_and_offsets_still_ascend(points in points(), at: prop::sample::Index, bit in 0u8..8) {
            let mut chunk = encode(&points);
            let at = at.index(chunk.len());
            chunk[at] ^= 1u8 << bit;
            let mut last = None;
            let mut ascending = true;
            let _ = decode(&chunk, |offset, count| {
                ascending &= last < Some(offset) && count > 0;
                last = Some(offset);
            });
            prop_assert!(ascending);
        }
    }
}

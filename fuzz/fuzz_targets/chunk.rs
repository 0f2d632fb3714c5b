//! Any bytes read as sealed points end in an error or in no more points than they have room for, in order, which written
//! again are the same points; and any points that are written come back, or damaged are like any bytes.
#![no_main]

use std::collections::BTreeMap;

use hydrophone::store::codec::rice;
use hydrophone::store::fuzzed::{Points, breakdown, sums, write};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;

/// A point has at least two bits.
const POINTS_PER_BYTE_MAX: usize = 4;

// The first byte chooses what the others are.
fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    match choice % 5 {
        0 => any_chunk(rest),
        1 => any_sums(rest),
        2 => any_breakdown(rest.get(1..).unwrap_or_default(), rest),
        3 => drop(written_columns(&mut Unstructured::new(rest))),
        _ => drop(written_targets(&mut Unstructured::new(rest))),
    }
});

fn written_columns(input: &mut Unstructured<'_>) -> Result<()> {
    let damage = input.arbitrary()?;
    let points = columns(input)?;
    columns_come_back(&points);
    any_chunk(&damaged(rice::encode(&points), damage));
    Ok(())
}

fn written_targets(input: &mut Unstructured<'_>) -> Result<()> {
    let damage = input.arbitrary()?;
    let targets = targets(input)?;
    targets_come_back(&targets);
    let (row, rows) = write(&targets);
    let rows = rows.unwrap_or_default();
    any_sums(&damaged(row.clone(), damage));
    any_breakdown(&row, &damaged(rows.clone(), damage));
    any_breakdown(&damaged(row, damage), &rows);
    Ok(())
}

/// One byte of it is another.
fn damaged(mut row: Vec<u8>, (at, byte): (u16, u8)) -> Vec<u8> {
    let at = usize::from(at) % row.len().max(1);
    if let Some(old) = row.get_mut(at) {
        *old = byte;
    }
    row
}

fn any_chunk(bytes: &[u8]) {
    let mut points = Points::new();
    let whole = rice::decode(bytes, |offset, count| points.push((offset, count)));
    sound(&points, bytes);
    if whole.is_ok() {
        columns_come_back(&points);
    }
}

fn any_sums(bytes: &[u8]) {
    if let Ok((_, points)) = sums(bytes) {
        sound(&points, bytes);
    }
}

fn any_breakdown(sums: &[u8], bytes: &[u8]) {
    let Ok(targets) = breakdown(sums, bytes) else { return };
    assert!(targets.is_sorted_by(|a, b| a.0 < b.0), "targets ascend");
    for (_, points) in &targets {
        sound(points, sums);
        columns_come_back(points);
    }
}

fn sound(points: &[(u32, u64)], bytes: &[u8]) {
    assert!(points.len() <= bytes.len() * POINTS_PER_BYTE_MAX, "{} points of {} bytes", points.len(), bytes.len());
    assert!(points.is_sorted_by(|a, b| a.0 < b.0), "offsets ascend");
    assert!(points.iter().all(|point| point.1 > 0), "a point is something that happened");
}

fn columns_come_back(points: &[(u32, u64)]) {
    let mut read = Points::with_capacity(points.len());
    rice::decode(&rice::encode(points), |offset, count| read.push((offset, count))).expect("what was written is read");
    assert_eq!(read, points);
}

/// Whatever the head holds: offsets out of order and repeated, but each target once and no count of nothing.
fn targets_come_back(targets: &[(u32, Vec<(u16, u32)>)]) {
    let (row, rows) = write(targets);
    let merged = |points: &mut dyn Iterator<Item = (u16, u32)>| -> Points {
        let mut merged = BTreeMap::<u32, u64>::new();
        points.for_each(|(offset, count)| *merged.entry(u32::from(offset)).or_default() += u64::from(count));
        merged.into_iter().collect()
    };
    let all = merged(&mut targets.iter().flat_map(|(_, points)| points.iter().copied()));
    let lone = targets.len() == 1;
    // The largest number is that of no target in particular.
    let only = targets.first().map(|(target, _)| *target).filter(|target| lone && *target != u32::MAX);
    assert_eq!(sums(&row), Ok((only, all)));
    let mut each: Vec<_> =
        targets.iter().map(|(target, points)| (*target, merged(&mut points.iter().copied()))).collect();
    each.sort_unstable();
    assert_eq!(rows.map(|rows| breakdown(&row, &rows)), (!lone).then_some(Ok(each)));
}

/// Points as a series has them, near and far apart, few and many at once.
fn columns(input: &mut Unstructured<'_>) -> Result<Points> {
    let unit = 1 + u32::from(input.arbitrary::<u8>()? % 60);
    let (mut points, mut next) = (Points::new(), Some(u32::from(input.arbitrary::<u8>()?)));
    while let (Some(offset), false) = (next, input.is_empty()) {
        points.push((offset, spread(input)?.max(1)));
        let gap = u32::try_from(spread(input)? >> 32).unwrap_or_default().max(1);
        next = gap.checked_mul(unit).and_then(|gap| offset.checked_add(gap));
    }
    Ok(points)
}

fn targets(input: &mut Unstructured<'_>) -> Result<Vec<(u32, Vec<(u16, u32)>)>> {
    let mut targets = BTreeMap::<u32, Vec<(u16, u32)>>::new();
    let mut last = 0;
    while !input.is_empty() {
        if input.ratio(1, 4)? {
            last = spread(input)? as u32;
        }
        let point = (input.int_in_range(0..=7199)?, (spread(input)? as u32).max(1));
        targets.entry(last).or_default().push(point);
    }
    Ok(targets.into_iter().rev().collect())
}

/// A number of any size, each size as likely as another.
fn spread(input: &mut Unstructured<'_>) -> Result<u64> {
    let bits = input.arbitrary::<u8>()? % 65;
    Ok(input.arbitrary::<u64>()?.checked_shr(64 - u32::from(bits)).unwrap_or_default())
}

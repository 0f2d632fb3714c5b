//! Looking through a store and its search index together.

use std::path::Path;

use super::Error;
use crate::search::{self, Index};
use crate::store::{self, Finding, Found, Inspected, Store, Verified};

/// Looks through a data directory that nobody uses, changes nothing in it, and tells `found` what is wrong.
///
/// # Errors
/// When there is no data directory, or somebody uses it.
pub fn inspect(path: &Path, found: &mut Found<'_>) -> Result<Inspected, Error> {
    let mut inspected = store::inspect(path, found)?;
    let directory = path.join("occurrences");
    let days = search::check(&directory).map_err(Error::io("can not read the search index in", &directory))?;
    for checked in days {
        let is_used = |verified: &Verified| {
            verified.generations.get(&checked.day).is_some_and(|used| *used == checked.generation)
        };
        if !inspected.verified.as_ref().is_none_or(is_used) {
            // Of a file that was rewritten, or of a day that is gone: it is on its way out.
            continue;
        }
        let what = match (&checked.state, &inspected.verified) {
            (Err(why), _) => why.clone(),
            (Ok(_), None) => continue,
            (Ok((commit, indexed)), Some(verified)) => {
                let stored = verified.occurrences.get(&checked.day);
                let stored: u64 =
                    stored.iter().flat_map(|commits| commits.range(..=commit)).map(|(_, count)| count).sum();
                if stored == *indexed {
                    continue;
                }
                format!("it has {indexed} occurrences up to commit {commit}, the store has {stored}")
            }
        };
        inspected.findings += 1;
        found(Finding::of_index(&checked.path, &format!("{what}; the server makes it anew")));
    }
    Ok(inspected)
}

/// Looks through what a server has while it runs, and tells `found` what is wrong. `None` when `goes_on` said meanwhile that nobody wants
/// to know any more.
///
/// # Errors
/// When the database can not be read at all.
pub fn verify(
    store: &Store,
    index: &Index,
    goes_on: &dyn Fn() -> bool,
    found: &mut Found<'_>,
) -> Result<Option<Verified>, Error> {
    // Days before the last are not written to; what is being made anew is not complete.
    let indexed = if index.progress().is_complete() { index.days() } else { Vec::new() };
    let Some(verified) = store.verify_while(goes_on, found)? else { return Ok(None) };
    // Where pages are damaged it is not known what should be in it.
    let indexed = if store.damaged_pages() == 0 { indexed } else { Vec::new() };
    let last = verified.occurrences.keys().next_back().copied();
    for (day, occurrences) in indexed.into_iter().filter(|(day, _)| Some(*day) != last) {
        let stored: u64 = verified.occurrences.get(&day).map_or(0, |commits| commits.values().sum());
        // Should a day have been thinned meanwhile, its index is not what it was.
        if stored != occurrences && index.progress().is_complete() && index.days().contains(&(day, occurrences)) {
            let what = format!("it has {occurrences} occurrences, the store has {stored}");
            found(Finding::of_index(Path::new(&format!("day {day}")), &what));
        }
    }
    Ok(Some(verified))
}

//! Where a page of a sorted list ends, as an opaque text.
//!
//! A cursor names the last item by its sort key and id and not by its number in the list: pages neither repeat nor skip an
//! item that stays where it is, however many arrive before it meanwhile.

use super::Error;
use super::list::Sort;

/// The last item of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// What the list is sorted by.
    pub sort: Sort,
    /// The item's sort key.
    pub key: i64,
    /// The item's id.
    pub id: u32,
}

/// Says what follows, should it ever change.
const VERSION: u8 = 1;

impl Cursor {
    /// As text for a link: hexadecimal digits.
    #[must_use]
    pub fn encode(&self) -> String {
        let sort = Sort::ALL.iter().position(|sort| *sort == self.sort).unwrap_or(0) as u8;
        let bytes = [VERSION, sort].into_iter().chain(self.key.to_be_bytes()).chain(self.id.to_be_bytes());
        bytes.flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
    }

    /// Reads the text of a cursor of a list sorted by `sort`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `cursor` when it is none, or one of a list sorted otherwise.
    pub fn decode(text: &str, sort: Sort) -> Result<Self, Error> {
        let invalid = || Error::invalid("cursor", format!("{text:?} is no cursor of this server"));
        let cursor = Self::read(text).ok_or_else(invalid)?;
        if cursor.sort != sort {
            let message = format!("this cursor is of a list sorted by {}, not by {}", cursor.sort.name(), sort.name());
            return Err(Error::invalid("cursor", message));
        }
        Ok(cursor)
    }

    /// Whether the item with this key and id comes after the cursor: larger keys first, then smaller ids.
    #[must_use]
    pub fn is_before(&self, key: i64, id: u32) -> bool {
        key < self.key || (key == self.key && id > self.id)
    }

    fn read(text: &str) -> Option<Self> {
        let digits = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<u32>>>()?;
        let bytes: Vec<u8> =
            digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | *digit as u8)).collect();
        let [VERSION, sort, rest @ ..] = bytes.as_slice() else { return None };
        let (key, id) = rest.split_first_chunk::<8>()?;
        let id: [u8; 4] = id.try_into().ok()?;
        let sort = *Sort::ALL.get(usize::from(*sort))?;
        let cursor = Self { sort, key: i64::from_be_bytes(*key), id: u32::from_be_bytes(id) };
        // What would be written otherwise was written by somebody else.
        (cursor.encode() == text).then_some(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cursor_of_another_sort_or_of_nobody_is_refused() {
        let cursor = Cursor { sort: Sort::Count, key: -5, id: 7 };
        let text = cursor.encode();
        assert_eq!(Cursor::decode(&text, Sort::Count).unwrap(), cursor);
        let error = Cursor::decode(&text, Sort::Trend).unwrap_err();
        assert_eq!(error.to_string(), "this cursor is of a list sorted by count, not by trend");
        for text in
            ["", "x", "00", "é", &text[1..], &text.to_uppercase(), &format!("{text}00"), "ff".repeat(14).as_str()]
        {
            let error = Cursor::decode(text, Sort::Count).unwrap_err();
            assert!(matches!(error, Error::Invalid { param: "cursor", .. }), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = Cursor::decode(&text, Sort::Count);
        }

        #[test]
        fn cursors_come_back(key in any::<i64>(), id in any::<u32>(), sort in 0usize..4) {
            let cursor = Cursor { sort: Sort::ALL[sort], key, id };
            prop_assert_eq!(Cursor::decode(&cursor.encode(), cursor.sort).unwrap(), cursor);
        }
    }
}

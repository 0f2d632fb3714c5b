//! Values with a checksum behind them, as the database's tables hold them.
//!
//! redb has checksums of its pages but looks at them only after a crash or when it is told to check the whole file. A bit that
//! flipped on the disk would become another number here, and a varint that became another varint is no less a varint. So
//! each value carries four bytes of its own, and whoever reads a value finds out.

use redb::{TypeName, Value};
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of a checksum.
const CHECKSUM_BYTES: usize = 4;

/// A row of bytes, of which there is at least one. A damaged one is read as no bytes, which no row is and every reader refuses.
#[derive(Debug)]
pub(super) struct Checked;

/// A number. A damaged one is read as `None`.
#[derive(Debug)]
pub(super) struct CheckedNumber;

/// The stored bytes of a [`Checked`] row, checksum and all, for whoever copies it.
#[derive(Debug)]
pub(super) struct Raw;

/// As [`Raw`], of a [`CheckedNumber`].
#[derive(Debug)]
pub(super) struct RawNumber;

/// Whether stored bytes are what was written.
pub(super) fn is_sound(stored: &[u8]) -> bool {
    open(stored).is_some()
}

fn open(stored: &[u8]) -> Option<&[u8]> {
    let (value, checksum) = stored.split_at_checked(stored.len().checked_sub(CHECKSUM_BYTES)?)?;
    (checksum == checksum_of(value)).then_some(value)
}

fn seal(value: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(value.len() + CHECKSUM_BYTES);
    stored.extend_from_slice(value);
    stored.extend_from_slice(&checksum_of(value));
    stored
}

fn checksum_of(value: &[u8]) -> [u8; CHECKSUM_BYTES] {
    (xxh3_64(value) as u32).to_le_bytes()
}

impl Value for Checked {
    type SelfType<'a> = &'a [u8];
    type AsBytes<'a> = Vec<u8>;

    fn fixed_width() -> Option<usize> {
        None
    }

    fn from_bytes<'a>(data: &'a [u8]) -> &'a [u8]
    where
        Self: 'a,
    {
        open(data).unwrap_or_default()
    }

    fn as_bytes<'a, 'b: 'a>(value: &'a &'b [u8]) -> Vec<u8>
    where
        Self: 'b,
    {
        seal(value)
    }

    fn type_name() -> TypeName {
        TypeName::new("hydrophone::row")
    }
}

impl Value for CheckedNumber {
    type SelfType<'a> = Option<u64>;
    type AsBytes<'a> = Vec<u8>;

    fn fixed_width() -> Option<usize> {
        Some(size_of::<u64>() + CHECKSUM_BYTES)
    }

    fn from_bytes<'a>(data: &'a [u8]) -> Option<u64>
    where
        Self: 'a,
    {
        Some(u64::from_le_bytes(open(data)?.try_into().ok()?))
    }

    fn as_bytes<'a, 'b: 'a>(value: &'a Option<u64>) -> Vec<u8>
    where
        Self: 'b,
    {
        match value {
            Some(number) => seal(&number.to_le_bytes()),
            // Nobody writes what is damaged; as it is told to be damaged, it stays so.
            None => vec![0; size_of::<u64>() + CHECKSUM_BYTES],
        }
    }

    fn type_name() -> TypeName {
        TypeName::new("hydrophone::number")
    }
}

macro_rules! raw {
    ($raw:ty, $of:ty) => {
        impl Value for $raw {
            type SelfType<'a> = &'a [u8];
            type AsBytes<'a> = &'a [u8];

            fn fixed_width() -> Option<usize> {
                <$of>::fixed_width()
            }

            fn from_bytes<'a>(data: &'a [u8]) -> &'a [u8]
            where
                Self: 'a,
            {
                data
            }

            fn as_bytes<'a, 'b: 'a>(value: &'a &'b [u8]) -> &'a [u8]
            where
                Self: 'b,
            {
                value
            }

            fn type_name() -> TypeName {
                <$of>::type_name()
            }
        }
    };
}

raw!(Raw, Checked);
raw!(RawNumber, CheckedNumber);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_with_any_bit_flipped_is_no_row() {
        let value = b"some bytes of a row".as_slice();
        let stored = Checked::as_bytes(&value);
        assert_eq!(Checked::from_bytes(&stored), value);
        assert!(is_sound(&stored));
        for bit in 0..stored.len() * 8 {
            let mut damaged = stored.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Checked::from_bytes(&damaged), b"", "bit {bit}");
            assert!(!is_sound(&damaged), "bit {bit}");
        }
        for length in 0..stored.len() {
            assert!(!is_sound(&stored[..length]), "cut to {length}");
        }
    }

    #[test]
    fn a_number_with_any_bit_flipped_is_none() {
        for number in [0, 7, u64::MAX] {
            let stored = CheckedNumber::as_bytes(&Some(number));
            assert_eq!(CheckedNumber::from_bytes(&stored), Some(number));
            for bit in 0..stored.len() * 8 {
                let mut damaged = stored.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(CheckedNumber::from_bytes(&damaged), None, "bit {bit}");
            }
        }
        assert_eq!(CheckedNumber::from_bytes(&CheckedNumber::as_bytes(&None)), None);
    }
}

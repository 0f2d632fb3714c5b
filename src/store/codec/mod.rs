//! How numbers become bytes on disk: integers of variable length, and the Rice-coded chunks of a series.
//!
//! Everything here is pure and takes any bytes: what was not written by the encoder is [`Corrupt`], never a panic and
//! never an endless loop. docs/storage-format.md describes each format byte by byte.

pub mod rice;
pub mod varint;

/// Bytes that no encoder of ours wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reading}: {problem}")]
pub struct Corrupt {
    /// What was being read, for example `chunk`.
    pub reading: &'static str,
    /// What is wrong with it, for example `ended early`.
    pub problem: &'static str,
}

impl Corrupt {
    /// While reading `reading`, `problem` was found.
    #[must_use]
    pub const fn new(reading: &'static str, problem: &'static str) -> Self {
        Self { reading, problem }
    }

    /// The same problem, seen from the larger thing that was being read.
    #[must_use]
    pub const fn while_reading(self, reading: &'static str) -> Self {
        Self { reading, ..self }
    }
}

#[cfg(test)]
mod tests {
    use bincode::{SchemaRead, SchemaWrite};

    #[derive(Debug, PartialEq, SchemaWrite, SchemaRead)]
    #[wincode(crate = "bincode")]
    struct Record {
        small: u8,
        id: u32,
        total: u64,
        moment: i64,
        open: bool,
        name: String,
        since: Option<i64>,
        missing: Option<String>,
        labels: Vec<(String, String)>,
        kind: Kind,
    }

    #[derive(Debug, PartialEq, SchemaWrite, SchemaRead)]
    #[wincode(crate = "bincode")]
    enum Kind {
        First,
        Second { hash: u128 },
    }

    /// Numbers little-endian in their full width, lengths as u64, an option as one byte, a variant as u32: what bincode 1
    /// writes by default. Data directories depend on it, whichever crate writes it.
    #[test]
    fn records_have_bincode_s_bytes() {
        let record = Record {
            small: 7,
            id: 0x0102_0304,
            total: u64::MAX - 1,
            moment: -2,
            open: true,
            name: "ä".to_owned(),
            since: Some(5),
            missing: None,
            labels: vec![("a".to_owned(), "bc".to_owned())],
            kind: Kind::Second { hash: 0x0f },
        };
        let mut golden: Vec<u8> = vec![7, 4, 3, 2, 1];
        golden.extend([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        golden.extend([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        golden.push(1);
        golden.extend([2, 0, 0, 0, 0, 0, 0, 0, 0xc3, 0xa4]);
        golden.extend([1, 5, 0, 0, 0, 0, 0, 0, 0]);
        golden.push(0);
        golden.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        golden.extend([1, 0, 0, 0, 0, 0, 0, 0, b'a', 2, 0, 0, 0, 0, 0, 0, 0, b'b', b'c']);
        golden.extend([1, 0, 0, 0]);
        golden.extend([0x0f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bincode::serialize(&record).unwrap(), golden);
        assert_eq!(bincode::deserialize::<Record>(&golden).unwrap(), record);
        for cut in 0..golden.len() {
            assert!(bincode::deserialize::<Record>(&golden[..cut]).is_err(), "cut to {cut}");
        }
    }
}

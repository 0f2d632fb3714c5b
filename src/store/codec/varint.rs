//! Integers of variable length: LEB128, seven bits a byte, lowest first, the top bit set on all bytes but the last.
//!
//! Each number has exactly one encoding: a longer one than needed is refused, so equal values are equal bytes.
//! Signed numbers are zigzag-coded first (0, -1, 1, -2, … become 0, 1, 2, 3, …).

use super::Corrupt;

const READING: &str = "integer";
const ENDED: Corrupt = Corrupt::new(READING, "ended early");
const TOO_LARGE: Corrupt = Corrupt::new(READING, "more than 64 bits");
const OVERLONG: Corrupt = Corrupt::new(READING, "longer than needed");

/// Most bytes of a number.
pub const BYTES_MAX: usize = 10;

/// Appends `value`: 1 to 10 bytes.
pub fn write_u64(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends `value` in zigzag order: 1 to 10 bytes.
pub fn write_i64(out: &mut Vec<u8>, value: i64) {
    write_u64(out, zigzag(value));
}

/// Appends the length of `bytes`, then `bytes`.
pub fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_u64(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Takes a number from the front of `input`.
///
/// # Errors
/// When the input ends within the number, or the number has more than 64 bits or needless bytes. `input` then stands
/// at an undefined place.
#[inline]
pub fn read_u64(input: &mut &[u8]) -> Result<u64, Corrupt> {
    let Some((&first, rest)) = input.split_first() else { return Err(ENDED) };
    *input = rest;
    if first < 0x80 {
        return Ok(u64::from(first));
    }
    // Rows are full of numbers of two bytes; the second is never 0.
    if let Some((&second @ 1..0x80, rest)) = input.split_first() {
        *input = rest;
        return Ok(u64::from(first & 0x7f) | u64::from(second) << 7);
    }
    read_long(first, input)
}

/// Takes a number below 2^32 from the front of `input`.
///
/// # Errors
/// As [`read_u64`], and when the number is larger.
pub fn read_u32(input: &mut &[u8]) -> Result<u32, Corrupt> {
    u32::try_from(read_u64(input)?).map_err(|_| Corrupt::new(READING, "more than 32 bits"))
}

/// Takes a zigzag-coded number from the front of `input`.
///
/// # Errors
/// As [`read_u64`].
pub fn read_i64(input: &mut &[u8]) -> Result<i64, Corrupt> {
    read_u64(input).map(unzigzag)
}

/// Takes bytes that [`write_bytes`] wrote from the front of `input`.
///
/// # Errors
/// As [`read_u64`], and when fewer bytes are left than the length says.
pub fn read_bytes<'a>(input: &mut &'a [u8]) -> Result<&'a [u8], Corrupt> {
    let length = read_u64(input)?;
    take(input, length)
}

/// Takes `length` bytes from the front of `input`.
///
/// # Errors
/// When fewer are left.
pub fn take<'a>(input: &mut &'a [u8], length: u64) -> Result<&'a [u8], Corrupt> {
    let short = Corrupt::new("bytes", "ended early");
    let length = usize::try_from(length).map_err(|_| short)?;
    let (taken, rest) = input.split_at_checked(length).ok_or(short)?;
    *input = rest;
    Ok(taken)
}

/// Small numbers of either sign as small numbers without one.
#[must_use]
pub const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// What [`zigzag`] was given.
#[must_use]
pub const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

fn read_long(first: u8, input: &mut &[u8]) -> Result<u64, Corrupt> {
    let mut value = u64::from(first & 0x7f);
    for shift in (7..64).step_by(7) {
        let Some((&byte, rest)) = input.split_first() else { return Err(ENDED) };
        *input = rest;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && byte > 1 {
            return Err(TOO_LARGE);
        }
        value |= bits << shift;
        if byte < 0x80 {
            return if byte == 0 { Err(OVERLONG) } else { Ok(value) };
        }
    }
    Err(TOO_LARGE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        write_u64(&mut out, value);
        out
    }

    #[test]
    fn numbers_have_their_golden_bytes() {
        for (value, bytes) in [
            (0, &[0x00][..]),
            (1, &[0x01]),
            (127, &[0x7f]),
            (128, &[0x80, 0x01]),
            (300, &[0xac, 0x02]),
            (16_383, &[0xff, 0x7f]),
            (16_384, &[0x80, 0x80, 0x01]),
            (u64::MAX, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        ] {
            assert_eq!(written(value), bytes, "{value}");
            assert_eq!(read_u64(&mut &bytes[..]), Ok(value));
        }
        let mut out = Vec::new();
        for value in [0, -1, 1, -2, i64::MAX, i64::MIN] {
            write_i64(&mut out, value);
        }
        assert_eq!(out[..4], [0, 1, 2, 3]);
        let mut input = out.as_slice();
        for value in [0, -1, 1, -2, i64::MAX, i64::MIN] {
            assert_eq!(read_i64(&mut input), Ok(value));
        }
        assert!(input.is_empty());
    }

    #[test]
    fn what_no_encoder_writes_is_refused() {
        for (bytes, problem) in [
            (&[][..], ENDED),
            (&[0x80], ENDED),
            (&[0xff, 0xff], ENDED),
            (&[0x80, 0x00], OVERLONG),
            (&[0xff, 0x80, 0x00], OVERLONG),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], TOO_LARGE),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x00], TOO_LARGE),
        ] {
            assert_eq!(read_u64(&mut &bytes[..]), Err(problem), "{bytes:02x?}");
        }
        assert!(read_u32(&mut written(1 << 32).as_slice()).is_err());
        assert_eq!(read_u32(&mut written(u64::from(u32::MAX)).as_slice()), Ok(u32::MAX));
        assert!(read_bytes(&mut &[3, b'a', b'b'][..]).is_err());
        assert!(read_bytes(&mut written(u64::MAX).as_slice()).is_err());
    }

    proptest! {
        #[test]
        fn numbers_and_bytes_come_back(values: Vec<u64>, signed: i64, bytes: Vec<u8>) {
            let mut out = Vec::new();
            for value in &values {
                write_u64(&mut out, *value);
            }
            write_i64(&mut out, signed);
            write_bytes(&mut out, &bytes);
            let mut input = out.as_slice();
            for value in &values {
                prop_assert_eq!(read_u64(&mut input), Ok(*value));
            }
            prop_assert_eq!(read_i64(&mut input), Ok(signed));
            prop_assert_eq!(read_bytes(&mut input), Ok(bytes.as_slice()));
            prop_assert!(input.is_empty());
        }

        #[test]
        fn any_bytes_read_as_a_number_are_that_number_s_only_encoding(bytes: Vec<u8>) {
            let mut input = bytes.as_slice();
            if let Ok(value) = read_u64(&mut input) {
                prop_assert_eq!(written(value), &bytes[..bytes.len() - input.len()]);
            }
        }
    }
}

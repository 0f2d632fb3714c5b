//! The little of tar that an archive needs: plain files with short names (POSIX.1-1988, `ustar`).

use std::io::{self, Read};

/// A header and padding are of such blocks.
pub(super) const BLOCK: usize = 512;

/// Where the checksum stands.
const CHECKSUM: std::ops::Range<usize> = 148..156;

/// The header of a file; `None` when the name is too long or the file too large.
pub(super) fn header(name: &str, bytes: u64, seconds: i64) -> Option<[u8; BLOCK]> {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &[u8]| block.get_mut(at..at + text.len()).map(|place| place.copy_from_slice(text));
    if name.len() > 99 || bytes >= 1 << 33 {
        return None;
    }
    put(0, name.as_bytes())?;
    put(100, b"0000644\0")?;
    put(108, b"0000000\0")?;
    put(116, b"0000000\0")?;
    put(124, format!("{bytes:011o}\0").as_bytes())?;
    put(136, format!("{:011o}\0", seconds.clamp(0, (1 << 33) - 1)).as_bytes())?;
    put(156, b"0")?;
    put(257, b"ustar\0")?;
    put(263, b"00")?;
    let sum = format!("{:06o}\0 ", sum(&block));
    block.get_mut(CHECKSUM)?.copy_from_slice(sum.as_bytes());
    Some(block)
}

/// What a header says: name and length; `None` when it is none that [`header`] makes.
pub(super) fn parse(block: &[u8; BLOCK]) -> Option<(String, u64)> {
    let text = |range: std::ops::Range<usize>| {
        let field = block.get(range)?;
        let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
        std::str::from_utf8(field.get(..end)?).ok()
    };
    let name = text(0..100)?.to_owned();
    let bytes = u64::from_str_radix(text(124..136)?, 8).ok()?;
    let seconds = i64::from_str_radix(text(136..148)?, 8).ok()?;
    // Whatever is not as we write it was not written by us.
    (header(&name, bytes, seconds)? == *block).then_some((name, bytes))
}

/// How many zeros follow a file.
pub(super) fn padding(bytes: u64) -> usize {
    (bytes.next_multiple_of(BLOCK as u64) - bytes) as usize
}

/// Reads a block; `None` at the end.
pub(super) fn read_block(input: &mut impl Read) -> io::Result<Option<[u8; BLOCK]>> {
    let mut block = [0; BLOCK];
    let mut filled = 0;
    while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(block))
}

/// The sum of all bytes, those of the checksum being spaces.
fn sum(block: &[u8; BLOCK]) -> u64 {
    let counted = |(at, byte): (usize, &u8)| u64::from(if CHECKSUM.contains(&at) { b' ' } else { *byte });
    block.iter().enumerate().map(counted).sum()
}

//! Any bytes read as a backup's archive end in an error or are an archive, whether they are compressed already or not; what is
//! written is read as the same, and with a byte changed it is refused or still says the same.
#![no_main]

use std::collections::BTreeMap;

use hydrophone::backup::{Archive, Error, FORMAT, Manifest, Named, Piece, Sink, read_archive};
use hydrophone::model::time::Timestamp;
use hydrophone::store::FORMAT_VERSION;
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;

/// Names and bytes of pieces.
#[derive(Debug, Default, PartialEq)]
struct Kept(Vec<(String, Vec<u8>)>);

impl Sink for Kept {
    fn piece(&mut self, piece: &Piece<'_>) -> std::result::Result<(), Error> {
        piece.check()?;
        self.0.push((piece.name.to_owned(), piece.bytes.to_vec()));
        Ok(())
    }

    fn finish(&mut self, manifest: &Manifest) -> std::result::Result<(), Error> {
        assert_eq!(manifest.pieces.len(), self.0.len());
        Ok(())
    }
}

// The first byte chooses what the others are.
fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    match choice % 3 {
        0 => drop(read_archive(rest, &mut Kept::default())),
        1 => {
            let Ok(compressed) = zstd::bulk::compress(rest, 1) else { return };
            drop(read_archive(compressed.as_slice(), &mut Kept::default()));
        }
        _ => drop(written(&mut Unstructured::new(rest))),
    }
});

fn written(input: &mut Unstructured<'_>) -> Result<()> {
    let (at, mask) = input.arbitrary::<(u32, u8)>()?;
    let mut kept = Kept::default();
    while kept.0.len() < 8 && input.arbitrary()? {
        let part: u8 = input.arbitrary()?;
        let (name, bytes) = if input.arbitrary()? {
            (format!("occurrences/2026-11-20/bodies.log/{part}"), input.arbitrary()?)
        } else {
            (format!("tables/chunks/{part}-0-0.0"), rows(input)?)
        };
        kept.0.push((name, bytes));
    }
    let pieces: Vec<Piece<'_>> = kept.0.iter().map(|(name, bytes)| Piece::new(name, bytes)).collect();
    let mut manifest = Manifest {
        format: FORMAT,
        store_format: FORMAT_VERSION,
        hydrophone: input.arbitrary()?,
        time: Timestamp(i64::from(input.arbitrary::<u32>()?)).to_string(),
        commit: input.arbitrary()?,
        with_index: input.arbitrary()?,
        rows: BTreeMap::new(),
        pieces: pieces.iter().map(Named::new).collect(),
        checksum: String::new(),
    };
    manifest.seal().unwrap();
    let mut bytes = Vec::new();
    let mut archive = Archive::new(&mut bytes, Timestamp(0)).unwrap();
    pieces.iter().for_each(|piece| archive.piece(piece).unwrap());
    archive.finish(&manifest).unwrap();
    drop(archive);
    let mut read = Kept::default();
    assert_eq!(read_archive(bytes.as_slice(), &mut read).unwrap(), manifest);
    assert_eq!(read, kept);
    let at = at as usize % bytes.len();
    bytes[at] ^= mask;
    let mut read = Kept::default();
    if let Ok(again) = read_archive(bytes.as_slice(), &mut read) {
        assert!(again == manifest && read == kept, "byte {at}");
    }
    Ok(())
}

/// Rows as a piece has them: lengths of a byte each.
fn rows(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    while input.arbitrary()? {
        let field: [u8; 9] = input.arbitrary()?;
        out.push(9);
        out.extend(field);
        out.push(9);
        out.extend(field);
    }
    Ok(out)
}

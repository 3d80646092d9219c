//! PNG: row by row, checksums included, and on to the end chunk.

use super::{Checked, Found, MAX_DECODED};
use std::fs::File;
use std::io::{BufReader, Seek};

pub(super) fn check(mut file: File) -> Checked {
    decode(&mut file).map_err(|error| error.to_string())
}

fn decode(file: &mut File) -> Result<Found, png::DecodingError> {
    file.rewind()?;
    let limits = png::Limits { bytes: usize::try_from(MAX_DECODED).unwrap_or(usize::MAX) };
    let mut reader = png::Decoder::new_with_limits(BufReader::new(file), limits).read_info()?;
    while reader.next_interlaced_row()?.is_some() {}
    reader.finish()?;
    Ok(Found::decoded(reader.info().width, reader.info().height))
}

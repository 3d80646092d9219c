//! OpenEXR: every block of every part and level, decompressed one at a time.

use super::{Check, Checked, Found, exr_structure};
use exr::block::UncompressedBlock;
use exr::error::Error;
use std::fs::File;
use std::io::{BufReader, Seek};

/// A block can be 256 rows of many channels, so this is what bounds its memory.
const MAX_WIDTH: u32 = 1 << 17;

pub(super) fn check(mut file: File, bytes: u64) -> Checked {
    let (size, width) = exr_structure::check(&mut file, bytes)?;
    if width > MAX_WIDTH {
        return Ok(Found { check: Check::Structure, size });
    }
    file.rewind().map_err(|error| error.to_string())?;
    match decode(file) {
        Ok(check) => Ok(Found { check, size }),
        // Deep data, for one. All of its chunks were found to be there.
        Err(Error::NotSupported(_)) => Ok(Found { check: Check::Structure, size }),
        Err(error) => Err(error.to_string()),
    }
}

fn decode(file: File) -> Result<Check, Error> {
    let reader = exr::block::read(BufReader::new(file), false)?;
    let meta = reader.meta_data().clone();
    let mut check = Check::Decoded;
    // Being pedantic here means that the offset tables are looked at: a writer that died has left them empty.
    for chunk in reader.all_chunks(true)? {
        match UncompressedBlock::decompress_chunk(chunk?, &meta, false) {
            Ok(_) => {}
            Err(Error::NotSupported(_)) => check = Check::Structure,
            Err(error) => return Err(error),
        }
    }
    Ok(check)
}

//! TIFF and BigTIFF: every strip or tile of every page.

use super::{Check, Checked, Found, MAX_DECODED};
use std::fs::File;
use std::io::{BufReader, Seek};
use tiff::TiffError;
use tiff::decoder::{ChunkType, Decoder, Limits};
use tiff::tags::Tag;

/// More pages than any renderer writes; a damaged file may link its pages in a circle.
const MAX_PAGES: usize = 10_000;

type Pages = Decoder<BufReader<File>>;

pub(super) fn check(mut file: File, bytes: u64) -> Checked {
    file.rewind().map_err(|error| error.to_string())?;
    decode(file, bytes).map_err(|error| error.to_string())
}

fn decode(file: File, bytes: u64) -> Result<Found, TiffError> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = usize::try_from(MAX_DECODED).unwrap_or(usize::MAX);
    limits.intermediate_buffer_size = limits.decoding_buffer_size;
    limits.ifd_value_size = 64 << 20;
    let mut pages = Decoder::new(BufReader::new(file))?.with_limits(limits);
    let (width, height) = pages.dimensions()?;
    let mut found = Found::decoded(width, height);
    for _ in 0..MAX_PAGES {
        match page(&mut pages) {
            Err(TiffError::UnsupportedError(_) | TiffError::LimitsExceeded) => {
                structure(&mut pages, bytes)?;
                found.check = Check::Structure;
            }
            page => page?,
        }
        if !pages.more_images() {
            return Ok(found);
        }
        pages.next_image()?;
    }
    Err(std::io::Error::other("its pages never end").into())
}

fn page(pages: &mut Pages) -> Result<(), TiffError> {
    // Asked for first, since a colour type that is not supported is known from the header alone.
    pages.colortype()?;
    let chunks = match pages.get_chunk_type() {
        ChunkType::Strip => pages.strip_count()?,
        ChunkType::Tile => pages.tile_count()?,
    };
    for chunk in 0..chunks {
        pages.read_chunk(chunk)?;
    }
    Ok(())
}

/// Whether all of a page's data lies within the file.
fn structure(pages: &mut Pages, bytes: u64) -> Result<(), TiffError> {
    let (offsets, counts) = match pages.get_chunk_type() {
        ChunkType::Strip => (Tag::StripOffsets, Tag::StripByteCounts),
        ChunkType::Tile => (Tag::TileOffsets, Tag::TileByteCounts),
    };
    let offsets = pages.get_tag_u64_vec(offsets)?;
    let counts = pages.get_tag_u64_vec(counts)?;
    let whole = offsets.len() == counts.len()
        && !offsets.is_empty()
        && offsets.iter().zip(&counts).all(|(offset, count)| {
            *offset > 0 && *count > 0 && offset.checked_add(*count).is_some_and(|end| end <= bytes)
        });
    if whole { Ok(()) } else { Err(std::io::Error::other("a part of its data is missing").into()) }
}

//! Movies: their containers close where the file does, and what is written last is there. The pictures inside are not
//! decoded.

use super::fields::{Fields, Order, cut_off, read_at};
use super::{Check, Checked, Found};
use std::fs::File;

const WHOLE: Found = Found { check: Check::Structure, size: None };

/// MP4 and QuickTime: boxes to the end of the file, with the index (`moov`, written last) and the pictures.
pub(super) fn mp4(mut file: File, bytes: u64) -> Checked {
    let (mut at, mut index, mut pictures) = (0, false, false);
    while at < bytes {
        let head = read_at(&mut file, at, 16)?;
        let fields = Fields { bytes: &head, order: Order::Big };
        let length = match fields.u32(0)? {
            0 => bytes - at,
            1 => fields.u64(8)?,
            length => u64::from(length),
        };
        match fields.bytes.get(4..8) {
            Some(b"moov") => index = true,
            Some(b"mdat") => pictures = true,
            _ => {}
        }
        at = at.checked_add(length).filter(|end| length >= 8 && *end <= bytes).ok_or_else(cut_off)?;
    }
    match (index, pictures) {
        (true, true) => Ok(WHOLE),
        (false, _) => Err("its index is missing: the writer did not finish".to_owned()),
        (true, false) => Err("it holds no pictures".to_owned()),
    }
}

/// Matroska and WebM: the segment's size is written when it is closed, and its elements fill it.
pub(super) fn matroska(mut file: File, bytes: u64) -> Checked {
    const SEGMENT: u32 = 0x1853_8067;
    const CLUSTER: u32 = 0x1f43_b675;
    let header = Element::read(&mut file, 0)?;
    let segment = Element::read(&mut file, header.end()?)?;
    if segment.id != SEGMENT {
        return Err("it has no segment".to_owned());
    }
    let end = segment.end()?;
    if end > bytes {
        return Err(cut_off());
    }
    let (mut at, mut pictures) = (segment.content, false);
    while at < end {
        let element = Element::read(&mut file, at)?;
        pictures |= element.id == CLUSTER;
        at = element.end()?;
    }
    match at == end && pictures {
        true => Ok(WHOLE),
        false if pictures => Err(cut_off()),
        false => Err("it holds no pictures".to_owned()),
    }
}

/// An EBML element.
struct Element {
    id: u32,
    content: u64,
    /// Absent where the writer never filled it in.
    length: Option<u64>,
}

impl Element {
    fn read(file: &mut File, at: u64) -> Result<Self, String> {
        let head = read_at(file, at, 12)?;
        // The number of leading zeros says how many bytes follow the first one.
        let width = |byte: u8, most: u32| {
            let width = byte.leading_zeros() + 1;
            if width <= most { Ok(width as usize) } else { Err("an element of it makes no sense".to_owned()) }
        };
        let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let id_width = width(*head.first().ok_or_else(cut_off)?, 4)?;
        let id = number(head.get(..id_width).ok_or_else(cut_off)?);
        let size_width = width(*head.get(id_width).ok_or_else(cut_off)?, 8)?;
        let size = number(head.get(id_width..id_width + size_width).ok_or_else(cut_off)?);
        let unknown = (1_u64 << (7 * size_width)) - 1;
        let length = size & unknown;
        Ok(Self {
            id: u32::try_from(id).unwrap_or(0),
            content: at + (id_width + size_width) as u64,
            length: (length != unknown).then_some(length),
        })
    }

    fn end(&self) -> Result<u64, String> {
        let length = self.length.ok_or("its length was never filled in: the writer did not finish")?;
        self.content.checked_add(length).ok_or_else(cut_off)
    }
}

/// AVI: chunks to the end of the file, with the pictures and their index.
pub(super) fn avi(mut file: File, bytes: u64) -> Checked {
    let (mut at, mut index, mut pictures) = (0, false, false);
    while at < bytes {
        let (riff_end, mut inner) = (chunk_end(&mut file, at, bytes)?, at + 12);
        while inner < riff_end {
            let head = read_at(&mut file, inner, 12)?;
            pictures |= head.starts_with(b"LIST") && head.ends_with(b"movi");
            // Files beyond a gigabyte have their index in the header list instead.
            index |= head.starts_with(b"idx1") || at > 0;
            inner = chunk_end(&mut file, inner, riff_end)?;
        }
        at = riff_end;
    }
    match (pictures, index) {
        (true, true) => Ok(WHOLE),
        (true, false) => Err("its index is missing: the writer did not finish".to_owned()),
        (false, _) => Err("it holds no pictures".to_owned()),
    }
}

/// Chunks are padded to an even length; the last one may lack its padding.
fn chunk_end(file: &mut File, at: u64, bytes: u64) -> Result<u64, String> {
    let head = read_at(file, at, 8)?;
    let length = u64::from(Fields { bytes: &head, order: Order::Little }.u32(4)?);
    let end = at + 8 + length;
    if end > bytes { Err(cut_off()) } else { Ok((end + length % 2).min(bytes)) }
}

/// Ogg: pages to the end of the file, and every stream's last page says that it is the last.
pub(super) fn ogg(mut file: File, bytes: u64) -> Checked {
    let mut open = std::collections::HashSet::new();
    let mut at = 0;
    while at < bytes {
        let head = read_at(&mut file, at, 27 + 255)?;
        if !head.starts_with(b"OggS") {
            return Err(format!("no page where one should be, at byte {at}"));
        }
        let fields = Fields { bytes: &head, order: Order::Little };
        let (kind, stream) = (fields.u8(5)?, fields.u32(14)?);
        let segments = usize::from(fields.u8(26)?);
        let lengths = head.get(27..27 + segments).ok_or_else(cut_off)?;
        at += 27 + segments as u64 + lengths.iter().map(|length| u64::from(*length)).sum::<u64>();
        if kind & 4 == 0 {
            open.insert(stream)
        } else {
            open.remove(&stream)
        };
    }
    if at == bytes && open.is_empty() { Ok(WHOLE) } else { Err(cut_off()) }
}

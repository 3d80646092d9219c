//! Numbers at fixed places in a header, in either byte order, and reads at any place in a file. A number that is not
//! there is an error, not a panic.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// The byte order of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Big,
    Little,
}

/// Bytes that numbers are read from.
pub(super) struct Fields<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) order: Order,
}

impl Fields<'_> {
    pub(super) fn u8(&self, at: usize) -> Result<u8, String> {
        self.bytes.get(at).copied().ok_or_else(cut_off)
    }

    pub(super) fn u16(&self, at: usize) -> Result<u16, String> {
        Ok(match self.order {
            Order::Big => u16::from_be_bytes(self.array(at)?),
            Order::Little => u16::from_le_bytes(self.array(at)?),
        })
    }

    pub(super) fn u32(&self, at: usize) -> Result<u32, String> {
        Ok(match self.order {
            Order::Big => u32::from_be_bytes(self.array(at)?),
            Order::Little => u32::from_le_bytes(self.array(at)?),
        })
    }

    pub(super) fn u64(&self, at: usize) -> Result<u64, String> {
        Ok(match self.order {
            Order::Big => u64::from_be_bytes(self.array(at)?),
            Order::Little => u64::from_le_bytes(self.array(at)?),
        })
    }

    fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], String> {
        self.bytes.get(at..).and_then(|rest| rest.first_chunk().copied()).ok_or_else(cut_off)
    }
}

pub(super) fn cut_off() -> String {
    "it ends too early".to_owned()
}

/// Up to `length` bytes from `offset`; fewer at the end of the file.
pub(super) fn read_at(file: &mut File, offset: u64, length: usize) -> Result<Vec<u8>, String> {
    // Grown as it is filled: a damaged header may ask for any length.
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(offset))
        .and_then(|_| file.take(length as u64).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    Ok(bytes)
}

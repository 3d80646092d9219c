//! The block structure of a .blend file: enough to find the scene that Blender would render and its frame range.
//!
//! A .blend is a header, then blocks, each with a code, its size and the address that its data had in memory. The
//! `GLOB` block points at the current scene, each `SC` block is a scene, and `DNA1`, last, says where each field
//! lies. Files are plain, gzip (up to 2.93) or zstd (from 3.0); from 5.0 on the header and the blocks are wider.

use super::BlendError;
use super::dna::Dna;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

/// No scene or global block comes near this size; a larger one is damage, not a reason to allocate.
const LARGEST_BLOCK: u64 = 4 << 20;
/// The description of every type: 100 KB in 2.5, 200 KB in 5.0.
const LARGEST_DNA: u64 = 32 << 20;
/// A file may hold many scenes, though hardly thousands.
const MOST_SCENES: usize = 4096;

/// The frames that a scene renders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SceneRange {
    pub first: i32,
    pub last: i32,
    pub step: u32,
}

/// How the numbers in a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub pointer_bytes: usize,
    pub big_endian: bool,
    wide_blocks: bool,
}

struct Block {
    code: [u8; 4],
    bytes: u64,
    address: u64,
}

/// Bytes that can be read, and skipped for less where the source can seek.
trait Source: Read {
    fn skip(&mut self, bytes: u64) -> io::Result<()>;
}

struct Plain(BufReader<File>);

impl Read for Plain {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Source for Plain {
    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        match i64::try_from(bytes) {
            Ok(bytes) => self.0.seek_relative(bytes),
            Err(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

struct Unpacked<R>(R);

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Source for Unpacked<R> {
    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let skipped = io::copy(&mut (&mut self.0).take(bytes), &mut io::sink())?;
        if skipped == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// Blender writes zstd in frames of a megabyte each, with a table of them in a skippable frame at the end; the
/// decoder takes one frame at a time.
struct ZstdFrames {
    source: BufReader<File>,
    decoder: ruzstd::decoding::FrameDecoder,
    in_frame: bool,
}

impl Read for ZstdFrames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use ruzstd::decoding::BlockDecodingStrategy::UptoBlocks;
        use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
        loop {
            if self.in_frame {
                while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                    self.decoder
                        .decode_blocks(&mut self.source, UptoBlocks(1))
                        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                }
                let read = self.decoder.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
                self.in_frame = false;
            }
            if io::BufRead::fill_buf(&mut self.source)?.is_empty() {
                return Ok(0);
            }
            match self.decoder.reset(&mut self.source) {
                Ok(()) => self.in_frame = true,
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => self.source.seek_relative(i64::from(length))?,
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
    }
}

/// The frame range of the scene that Blender would render.
pub(super) fn scene_range(path: &Path) -> Result<SceneRange, BlendError> {
    let mut source = open(path)?;
    read_range(&mut *source).map_err(|error| match error {
        BlendError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            BlendError::Damaged("it ends too early")
        }
        BlendError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            BlendError::Damaged("its compressed data is broken")
        }
        other => other,
    })
}

fn open(path: &Path) -> Result<Box<dyn Source>, BlendError> {
    let mut file = File::open(path)?;
    let mut magic = [0; 4];
    file.read_exact(&mut magic).map_err(|_| BlendError::NotBlend)?;
    file.rewind()?;
    let file = BufReader::new(file);
    Ok(match magic {
        [0x1f, 0x8b, ..] => Box::new(Unpacked(flate2::bufread::MultiGzDecoder::new(file))),
        [0x28, 0xb5, 0x2f, 0xfd] => Box::new(Unpacked(ZstdFrames {
            source: file,
            decoder: ruzstd::decoding::FrameDecoder::new(),
            in_frame: false,
        })),
        _ => Box::new(Plain(file)),
    })
}

fn read_range(source: &mut dyn Source) -> Result<SceneRange, BlendError> {
    let layout = read_header(source)?;
    let mut global = None;
    let mut scenes = Vec::new();
    loop {
        let block = read_block(source, layout)?;
        match &block.code {
            b"GLOB" => global = Some(read_data(source, &block, LARGEST_BLOCK)?),
            b"SC\0\0" if scenes.len() < MOST_SCENES => {
                scenes.push((block.address, read_data(source, &block, LARGEST_BLOCK)?));
            }
            b"DNA1" => {
                let dna = Dna::parse(&read_data(source, &block, LARGEST_DNA)?, layout)?;
                return current_range(&dna, global.as_deref(), &scenes);
            }
            b"ENDB" => return Err(BlendError::Damaged("it has no description of its types")),
            _ => source.skip(block.bytes)?,
        }
    }
}

fn current_range(
    dna: &Dna,
    global: Option<&[u8]>,
    scenes: &[(u64, Vec<u8>)],
) -> Result<SceneRange, BlendError> {
    let global = global.ok_or(BlendError::Damaged("it does not say which scene is the current one"))?;
    let current = dna.pointer(global, "FileGlobal", &["curscene"])?;
    let (_, scene) = scenes
        .iter()
        .find(|(address, _)| *address == current)
        .ok_or(BlendError::Damaged("its current scene is missing"))?;
    let first = dna.int(scene, "Scene", &["r", "sfra"])?;
    let last = dna.int(scene, "Scene", &["r", "efra"])?;
    let step = dna.int(scene, "Scene", &["r", "frame_step"])?;
    if last < first {
        return Err(BlendError::Damaged("its range ends before it begins"));
    }
    Ok(SceneRange { first, last, step: u32::try_from(step).unwrap_or(1).max(1) })
}

fn read_header(source: &mut dyn Source) -> Result<Layout, BlendError> {
    let mut header = [0; 12];
    source.read_exact(&mut header).map_err(|_| BlendError::NotBlend)?;
    if !header.starts_with(b"BLENDER") {
        return Err(BlendError::NotBlend);
    }
    let unknown =
        |header: &[u8]| Err(BlendError::UnknownHeader(String::from_utf8_lossy(header).into_owned()));
    match [header[7], header[8]] {
        [pointer @ (b'-' | b'_'), order @ (b'v' | b'V')] => Ok(Layout {
            pointer_bytes: if pointer == b'-' { 8 } else { 4 },
            big_endian: order == b'V',
            wide_blocks: false,
        }),
        // From 5.0: its own length in two digits, then `-01v` and the version in four digits.
        [b'1', b'7'] if header.ends_with(b"-01") => {
            let mut rest = [0; 5];
            source.read_exact(&mut rest)?;
            match rest[0] {
                b'v' => Ok(Layout { pointer_bytes: 8, big_endian: false, wide_blocks: true }),
                _ => unknown(&[&header[..], &rest[..]].concat()),
            }
        }
        _ => unknown(&header),
    }
}

fn read_block(source: &mut dyn Source, layout: Layout) -> Result<Block, BlendError> {
    let mut header = [0; 32];
    let length = match (layout.wide_blocks, layout.pointer_bytes) {
        (true, _) => 32,
        (false, 8) => 24,
        (false, _) => 20,
    };
    let header = &mut header[..length];
    source.read_exact(header)?;
    let code = [header[0], header[1], header[2], header[3]];
    let (bytes, address) = if layout.wide_blocks {
        (layout.number(header, 16, 8), layout.number(header, 8, 8))
    } else {
        (layout.number(header, 4, 4), layout.number(header, 8, layout.pointer_bytes))
    };
    match (bytes, address) {
        (Some(bytes), Some(address)) => Ok(Block { code, bytes, address }),
        _ => Err(BlendError::Damaged("a block header is cut off")),
    }
}

fn read_data(source: &mut dyn Source, block: &Block, largest: u64) -> Result<Vec<u8>, BlendError> {
    if block.bytes > largest {
        return Err(BlendError::Damaged("a block is larger than it can be"));
    }
    let mut data = vec![0; block.bytes as usize];
    source.read_exact(&mut data)?;
    Ok(data)
}

impl Layout {
    /// The unsigned number of `length` bytes at `offset`; `None` where the data is too short.
    pub(super) fn number(self, data: &[u8], offset: usize, length: usize) -> Option<u64> {
        let bytes = data.get(offset..offset.checked_add(length)?)?;
        let add = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
        Some(if self.big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// Saved by Blender 3.4: scene `Early` with frames 1-5, and `Shot`, the current one, with 101-148 by 3.
    const TWO_SCENES: &[u8] = include_bytes!("../../fixtures/two-scenes-3.4.blend");
    const SHOT: SceneRange = SceneRange { first: 101, last: 148, step: 3 };

    fn plain() -> Vec<u8> {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), TWO_SCENES).expect("written");
        let mut data = Vec::new();
        open(file.path()).expect("opens").read_to_end(&mut data).expect("unpacks");
        data
    }

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).expect("packs");
        encoder.finish().expect("packs")
    }

    /// The same file as Blender 5 lays it out: a longer header, and blocks with 64-bit sizes and counts.
    fn as_version_5(data: &[u8]) -> Vec<u8> {
        let mut out = b"BLENDER17-01v0500".to_vec();
        let mut rest = &data[12..];
        while !rest.is_empty() {
            let (header, after) = rest.split_at(24);
            let bytes = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
            out.extend(&header[..4]);
            out.extend(&header[16..20]);
            out.extend(&header[8..16]);
            out.extend((bytes as u64).to_le_bytes());
            out.extend(u64::from(header[20]).to_le_bytes());
            out.extend(&after[..bytes]);
            rest = &after[bytes..];
        }
        out
    }

    fn range_of(data: &[u8]) -> Result<SceneRange, String> {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), data).expect("written");
        scene_range(file.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_the_current_scene_of_every_packing_and_layout() {
        let plain = plain();
        assert!(plain.starts_with(b"BLENDER-v304"));
        assert_eq!(range_of(TWO_SCENES), Ok(SHOT), "zstd");
        assert_eq!(range_of(&plain), Ok(SHOT), "plain");
        assert_eq!(range_of(&gzip(&plain)), Ok(SHOT), "gzip");
        assert_eq!(range_of(&as_version_5(&plain)), Ok(SHOT), "5.0");
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        let plain = plain();
        let check = |data: &[u8], expect: &str| assert_eq!(range_of(data), Err(expect.to_owned()));
        check(b"", "this is no .blend file");
        check(b"#!/usr/bin/env python and more", "this is no .blend file");
        check(b"BLENDER18-02x0900 and more", "its file header `BLENDER18-02` is of an unknown kind");
        check(b"BLENDER17-01x0900 and more", "its file header `BLENDER17-01x0900` is of an unknown kind");
        check(&plain[..plain.len() / 2], "it is damaged: it ends too early");
        check(&TWO_SCENES[..TWO_SCENES.len() / 2], "it is damaged: its compressed data is broken");
        check(&gzip(&plain)[..2000], "it is damaged: it ends too early");
        let mut huge = plain.clone();
        let glob = plain.windows(4).position(|window| window == b"GLOB").expect("has one");
        huge[glob + 4..glob + 8].copy_from_slice(&u32::MAX.to_le_bytes());
        check(&huge, "it is damaged: a block is larger than it can be");
    }

    #[test]
    fn every_cut_is_an_error_and_never_a_panic() {
        let plain = plain();
        for length in (0..plain.len()).step_by(997) {
            assert!(range_of(&plain[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn numbers_follow_the_byte_order() {
        let little = Layout { pointer_bytes: 4, big_endian: false, wide_blocks: false };
        let big = Layout { big_endian: true, ..little };
        assert_eq!(little.number(&[1, 2, 3, 4], 1, 2), Some(0x0302));
        assert_eq!(big.number(&[1, 2, 3, 4], 1, 2), Some(0x0203));
        assert_eq!(little.number(&[1, 2], 1, 2), None);
    }
}

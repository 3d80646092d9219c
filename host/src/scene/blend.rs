//! The block structure of a .blend file: enough to find its scenes, the one that Blender would render, their frame
//! ranges and their view layers.
//!
//! A .blend is a header, then blocks, each with a code, its size and the address that its data had in memory. The
//! `GLOB` block points at the current scene, each `SC` block is a scene with what belongs to it in the `DATA` blocks
//! behind it, and `DNA1`, last, says where each field lies. Files are plain, gzip (up to 2.93) or zstd (from 3.0); from 5.0 on the header and the blocks are wider.

use super::dna::Dna;
use super::{BlendError, Inside, Layer, Told};
use farmhand_model::{FrameSet, Run};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

/// No scene or global block comes near this size; a larger one is damage, not a reason to allocate.
const LARGEST_BLOCK: u64 = 4 << 20;
/// The description of every type: 100 KB in 2.5, 200 KB in 5.0.
const LARGEST_DNA: u64 = 32 << 20;
/// A file may hold many scenes, though hardly thousands.
const MOST_SCENES: usize = 4096;

/// A view layer has some hundred bytes. Of what lies behind a scene, only blocks of such a size are kept.
const LAYER_BYTES: std::ops::RangeInclusive<u64> = 72..=8192;
/// For all scenes of a file together: a scene has some kilobytes of such blocks, and one per object at most.
const MOST_KEPT: u64 = 64 << 20;
/// Compressed scenes are unpacked no further than this: a small file may stand for an endless one.
const MOST_UNPACKED: u64 = 64 << 30;
/// View layers of a scene.
const MOST_LAYERS: usize = 4096;
/// `VIEW_LAYER_RENDER`: the layer is used for rendering.
const USED: u64 = 1;

/// How the numbers in a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub pointer_bytes: usize,
    pub big_endian: bool,
    wide_blocks: bool,
}

/// A scene's own block, and those behind it that may be view layers, by their addresses.
struct SceneBlocks {
    address: u64,
    data: Vec<u8>,
    parts: HashMap<u64, Vec<u8>>,
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

/// The scenes of a file.
pub(super) fn read(path: &Path) -> Result<Told, BlendError> {
    let mut source = open(path)?;
    read_scenes(&mut *source).map_err(|error| match error {
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
        [0x1f, 0x8b, ..] => {
            Box::new(Unpacked(flate2::bufread::MultiGzDecoder::new(file).take(MOST_UNPACKED)))
        }
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let decoder = ruzstd::decoding::FrameDecoder::new();
            Box::new(Unpacked(ZstdFrames { source: file, decoder, in_frame: false }.take(MOST_UNPACKED)))
        }
        _ => Box::new(Plain(file)),
    })
}

fn read_scenes(source: &mut dyn Source) -> Result<Told, BlendError> {
    let layout = read_header(source)?;
    let mut global = None;
    let mut scenes: Vec<SceneBlocks> = Vec::new();
    let mut in_scene = false;
    let mut room = MOST_KEPT;
    loop {
        let block = read_block(source, layout)?;
        match &block.code {
            b"GLOB" => global = Some(read_data(source, &block, LARGEST_BLOCK)?),
            b"SC\0\0" if scenes.len() < MOST_SCENES && block.bytes <= room => {
                room -= block.bytes;
                let data = read_data(source, &block, LARGEST_BLOCK)?;
                scenes.push(SceneBlocks { address: block.address, data, parts: HashMap::new() });
                in_scene = true;
                continue;
            }
            b"DATA" if in_scene && LAYER_BYTES.contains(&block.bytes) && block.bytes <= room => {
                room -= block.bytes;
                let data = read_data(source, &block, LARGEST_BLOCK)?;
                if let Some(scene) = scenes.last_mut() {
                    scene.parts.insert(block.address, data);
                }
                continue;
            }
            b"DATA" => {
                source.skip(block.bytes)?;
                continue;
            }
            b"DNA1" => {
                let dna = Dna::parse(&read_data(source, &block, LARGEST_DNA)?, layout)?;
                return told(&dna, global.as_deref(), &scenes);
            }
            b"ENDB" => return Err(BlendError::Damaged("it has no description of its types")),
            _ => source.skip(block.bytes)?,
        }
        in_scene = false;
    }
}

fn told(dna: &Dna, global: Option<&[u8]>, scenes: &[SceneBlocks]) -> Result<Told, BlendError> {
    let global = global.ok_or(BlendError::Damaged("it does not say which scene is the current one"))?;
    let current = dna.pointer(global, "FileGlobal", &["curscene"])?;
    let current = scenes
        .iter()
        .position(|scene| scene.address == current)
        .ok_or(BlendError::Damaged("its current scene is missing"))?;
    let insides = scenes.iter().map(|scene| inside(dna, scene)).collect::<Result<Vec<_>, _>>()?;
    let unread_layers = insides.iter().any(|(_, complete)| !complete).then(|| {
        if dna.has("Scene", &["view_layers"]) {
            "some of its view layers could not be found; type the names of those that are missing".to_owned()
        } else {
            "it was saved by a Blender before 2.80, whose render layers are not read; type their names"
                .to_owned()
        }
    });
    let scenes = insides.into_iter().map(|(inside, _)| inside).collect();
    Ok(Told { scenes, current, unread_frames: None, unread_layers })
}

/// A scene, and whether all of its view layers were found.
fn inside(dna: &Dna, scene: &SceneBlocks) -> Result<(Inside, bool), BlendError> {
    let data = &scene.data;
    let first = dna.int(data, "Scene", &["r", "sfra"])?;
    let last = dna.int(data, "Scene", &["r", "efra"])?;
    let step = dna.int(data, "Scene", &["r", "frame_step"])?;
    if last < first {
        return Err(BlendError::Damaged("its range ends before it begins"));
    }
    let run = Run::up_to(first, last, u32::try_from(step).unwrap_or(1));
    let frames = FrameSet::from_runs([run]).map_err(|_| BlendError::Damaged("its range has no end"))?;
    // The first two characters of a name say what is named.
    let name = dna.text(data, "Scene", &["id", "name"])?.chars().skip(2).collect();
    let (layers, complete) = match dna.has("Scene", &["view_layers"]) {
        true => layers(dna, scene)?,
        false => (Vec::new(), false),
    };
    Ok((Inside { name: Some(name), frames: Some(frames), layers }, complete))
}

/// The view layers in their order, and whether all were found.
fn layers(dna: &Dna, scene: &SceneBlocks) -> Result<(Vec<Layer>, bool), BlendError> {
    let mut layers = Vec::new();
    let mut next = dna.pointer(&scene.data, "Scene", &["view_layers", "first"])?;
    while next != 0 {
        // A damaged list may come back to itself.
        let Some(data) = scene.parts.get(&next).filter(|_| layers.len() < MOST_LAYERS) else {
            return Ok((layers, false));
        };
        let name = dna.text(data, "ViewLayer", &["name"])?;
        let enabled = dna.flags(data, "ViewLayer", &["flag"])? & USED != 0;
        layers.push(Layer { name, enabled });
        next = dna.pointer(data, "ViewLayer", &["next"])?;
    }
    Ok((layers, true))
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
    use proptest::prelude::*;
    use std::io::Write;
    use std::sync::LazyLock;

    /// Saved by Blender 3.4: scene `Early` with frames 1-5, and `Shot`, the current one, with 101-148 by 3.
    const TWO_SCENES: &[u8] = include_bytes!("../../fixtures/two-scenes-3.4.blend");
    /// Saved by Blender 3.4: `Early`, and `Schuß 010`, the current one, with 60 objects and the view layers `Beauty`,
    /// `Shadow` and `Off`, of which the last is switched off.
    const LAYERS: &[u8] = include_bytes!("../../fixtures/layers-3.4.blend");

    /// Unpacked once for the hundreds of cases that damage it.
    static AS_VERSION_5: LazyLock<Vec<u8>> = LazyLock::new(|| as_version_5(&plain_of(LAYERS)));

    fn plain_of(packed: &[u8]) -> Vec<u8> {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), packed).expect("written");
        let mut data = Vec::new();
        open(file.path()).expect("opens").read_to_end(&mut data).expect("unpacks");
        data
    }

    fn plain() -> Vec<u8> {
        plain_of(TWO_SCENES)
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

    fn told_by(data: &[u8]) -> Result<Told, String> {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), data).expect("written");
        read(file.path()).map_err(|error| error.to_string())
    }

    /// `Shot: 101-148x3: Beauty, (Off)`, the current scene first.
    fn summary(told: &Told) -> Vec<String> {
        let of = |inside: &Inside| {
            let layers = inside.layers.iter().map(|layer| match layer.enabled {
                true => layer.name.clone(),
                false => format!("({})", layer.name),
            });
            let frames = inside.frames.as_ref().expect("frames");
            let name = inside.name.as_deref().unwrap_or_default();
            format!("{name}: {frames}: {}", layers.collect::<Vec<_>>().join(", "))
        };
        let mut all: Vec<_> = told.scenes.iter().map(of).collect();
        all[..=told.current].rotate_right(1);
        all
    }

    #[test]
    fn reads_the_scenes_of_every_packing_and_layout() {
        let check = |packed: &[u8], expect: [&str; 2]| {
            let plain = plain_of(packed);
            assert!(plain.starts_with(b"BLENDER-v304"));
            let forms = [
                ("zstd", packed.to_vec()),
                ("plain", plain.clone()),
                ("gzip", gzip(&plain)),
                ("5.0", as_version_5(&plain)),
            ];
            for (form, data) in forms {
                let told = told_by(&data).expect(form);
                assert_eq!(summary(&told), expect, "{form}");
                assert_eq!(told.unread_layers, None, "{form}");
            }
        };
        check(TWO_SCENES, ["Shot: 101-146x3: ViewLayer", "Early: 1-5: ViewLayer"]);
        check(LAYERS, ["Schuß 010: 101-146x3: Beauty, Shadow, (Off)", "Early: 1-5: ViewLayer"]);
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        let plain = plain();
        let check = |data: &[u8], expect: &str| assert_eq!(told_by(data), Err(expect.to_owned()));
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
            assert!(told_by(&plain[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn a_list_of_layers_that_bites_its_tail_comes_to_an_end() {
        let mut data = plain_of(LAYERS);
        // The `next` of the last layer stands right before its name, and `prev` between them.
        let name = data.windows(4).position(|window| window == b"Off\0").expect("the last layer");
        let shadow: [u8; 8] = data[name - 8..name].try_into().expect("eight bytes");
        data[name - 16..name - 8].copy_from_slice(&shadow);
        let told = told_by(&data).expect("readable");
        assert_eq!(told.scenes[told.current].layers.len(), MOST_LAYERS);
        assert!(told.unread_layers.expect("said").contains("could not be found"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Cut anywhere and with bytes changed anywhere, headers and types included: an error or an answer.
        #[test]
        fn damage_never_panics(
            cut in 0.0_f64..=1.0,
            changes in proptest::collection::vec((0.0_f64..1.0, any::<u8>()), 0..40),
            at_the_end in any::<bool>(),
        ) {
            let mut data = AS_VERSION_5.clone();
            // The description of the types is the last tenth of a file, and the most delicate.
            let from = if at_the_end { 0.9 } else { 0.0 };
            for (place, byte) in changes {
                let place = (from + place * (1.0 - from)) * data.len() as f64;
                let last = data.len() - 1;
                data[(place as usize).min(last)] = byte;
            }
            if !at_the_end {
                data.truncate((cut * data.len() as f64) as usize);
            }
            let _ = told_by(&data);
        }

        /// The same in compressed files, where the decoders are what is tried.
        #[test]
        fn damaged_packing_never_panics(
            cut in 0.0_f64..=1.0,
            changes in proptest::collection::vec((0.0_f64..1.0, any::<u8>()), 0..8),
        ) {
            let mut data = LAYERS.to_vec();
            for (place, byte) in changes {
                let place = (place * data.len() as f64) as usize;
                data[place] = byte;
            }
            data.truncate((cut * data.len() as f64) as usize);
            let _ = told_by(&data);
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

//! What is shown of gathered samples: each kind of pass as colours of a screen. Files and requests are not known here.

use super::canvas::{Canvas, to_byte};
use super::light::{View, srgb_decode, srgb_encode, unit};
use super::passes::PassKind;
use super::primaries::ToRec709;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{Rgb, RgbImage};

/// JPEG quality: artefacts are not to be mistaken for noise of the render.
const QUALITY: u8 = 90;

/// Up to this many pixels a picture is sent without loss: it is a piece of a frame that somebody looks at closely.
const LOSSLESS: u32 = 128 * 128;

/// Distances from here on are the sky: renderers write 1e10 or more where a ray met nothing.
const SKY: f32 = 1e9;

/// A side of a square of the checker, in pixels of the picture.
const CHECK: usize = 8;

/// What lies behind what is transparent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(in crate::api) enum Over {
    /// Squares of two greys.
    #[default]
    Checker,
    Grey,
    Black,
}

impl Over {
    /// The names of an address.
    pub(in crate::api) const NAMES: [(&'static str, Over); 3] =
        [("checker", Over::Checker), ("grey", Over::Grey), ("black", Over::Black)];

    /// As light.
    fn at(self, x: usize, y: usize) -> f32 {
        srgb_decode(match self {
            Over::Checker if (x / CHECK + y / CHECK).is_multiple_of(2) => 0.36,
            Over::Checker => 0.44,
            Over::Grey => 0.46,
            Over::Black => 0.0,
        })
    }
}

/// What the samples of a canvas are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Meaning {
    pub(super) kind: PassKind,
    /// How many places have samples; one alone is grey.
    pub(super) places: usize,
    /// Whether the last place is alpha, which the others are multiplied by.
    pub(super) has_alpha: bool,
    /// Whether it is light of a scene and no picture that was made for a screen already.
    pub(super) is_scene: bool,
    pub(super) primaries: Option<ToRec709>,
}

/// How it is to look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub(super) stops: f32,
    pub(super) view: View,
    pub(super) over: Over,
}

/// The picture.
pub(super) fn show(canvas: &Canvas, meaning: &Meaning, look: Look) -> RgbImage {
    let pixel = painter(canvas, meaning, look);
    RgbImage::from_fn(canvas.columns as u32, canvas.rows as u32, |x, y| {
        let (x, y) = (x as usize, y as usize);
        Rgb(pixel(canvas.pixel(x, y), x, y).map(to_byte))
    })
}

type Painter<'a> = Box<dyn Fn(Option<[f32; 4]>, usize, usize) -> [f32; 3] + 'a>;

fn painter<'a>(canvas: &'a Canvas, meaning: &'a Meaning, look: Look) -> Painter<'a> {
    let gain = look.stops.exp2();
    // Where a file has no samples, what lies behind everything is seen.
    let behind = move |x: usize, y: usize| [srgb_encode(look.over.at(x, y)); 3];
    let with = move |paint: Box<dyn Fn([f32; 4]) -> [f32; 3] + 'a>| -> Painter<'a> {
        Box::new(move |samples, x, y| samples.map_or_else(|| behind(x, y), &paint))
    };
    match meaning.kind {
        PassKind::Colour => Box::new(move |samples, x, y| match samples {
            Some(samples) => colour(samples, meaning, look, gain, x, y),
            None => behind(x, y),
        }),
        PassKind::Value => with(Box::new(move |samples| [unit(samples[0] * gain); 3])),
        PassKind::Depth => {
            let range = canvas.range(1, |sample| sample.abs() < SKY);
            with(Box::new(move |samples| [depth(samples[0], range); 3]))
        }
        PassKind::Normals => with(Box::new(|samples| [0, 1, 2].map(|at| unit(0.5 + 0.5 * samples[at])))),
        PassKind::Vectors => {
            let places = meaning.places.min(3);
            let most = canvas.range(places, |_| true).map_or(0.0, |(low, high)| high.max(-low));
            let scale = if most > 0.0 { 0.5 / most } else { 0.0 };
            with(Box::new(move |samples| [0, 1, 2].map(|at| unit(0.5 + samples[at] * scale))))
        }
        PassKind::Uv => with(Box::new(|samples| [unit(samples[0]), unit(samples[1]), 0.0])),
        PassKind::Id => with(Box::new(|samples| id_colour(samples[0]))),
        PassKind::Cryptomatte => with(Box::new(|samples| {
            let (first, second) = (id_colour(samples[0]), id_colour(samples[2]));
            [0, 1, 2].map(|at| unit(first[at] * unit(samples[1]) + second[at] * unit(samples[3])))
        })),
        PassKind::Deep => Box::new(move |_, x, y| behind(x, y)),
    }
}

fn colour(samples: [f32; 4], meaning: &Meaning, look: Look, gain: f32, x: usize, y: usize) -> [f32; 3] {
    let light = match meaning.places {
        1 | 2 => [samples[0]; 3],
        _ => [samples[0], samples[1], samples[2]],
    };
    let light = meaning.primaries.map_or(light, |primaries| primaries.apply(light));
    let alpha = if meaning.has_alpha { unit(samples[meaning.places - 1]) } else { 1.0 };
    let rest = if alpha < 1.0 { (1.0 - alpha) * look.over.at(x, y) } else { 0.0 };
    // A picture that was made for a screen has had its view transform already.
    let view = if meaning.is_scene { look.view } else { View::Standard };
    view.show(light.map(|one| one * gain + rest))
}

/// Near is white and far is dark; where there is nothing it is black.
fn depth(distance: f32, range: Option<(f32, f32)>) -> f32 {
    match range {
        Some((near, far)) if distance.is_finite() && distance.abs() < SKY => {
            if far > near {
                1.0 - 0.9 * (distance - near) / (far - near)
            } else {
                1.0
            }
        }
        _ => 0.0,
    }
}

/// A colour for a number, the same one in every frame; numbers that differ by one bit differ clearly.
fn id_colour(number: f32) -> [f32; 3] {
    // Cryptomatte keeps a hash in the bits of a float, so the bits are the number.
    if number == 0.0 || number.is_nan() {
        return [0.0; 3];
    }
    let mixed = number.to_bits().wrapping_mul(0x9e37_79b1);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x85eb_ca77);
    let hue = (mixed >> 8) as f32 / 16_777_216.0 * 6.0;
    let value = 0.6 + 0.4 * ((mixed & 0xff) as f32 / 255.0);
    let ramp = |offset: f32| {
        let at = (hue + offset) % 6.0;
        let chroma = (2.0 - (at - 3.0).abs()).clamp(0.0, 1.0);
        value * (1.0 - 0.65 * chroma)
    };
    [ramp(0.0), ramp(2.0), ramp(4.0)]
}

/// The picture as a file, and its type. Numbers must not be blurred into others; light may lose what nobody sees.
pub(super) fn encode(image: &RgbImage, kind: PassKind) -> Result<(Vec<u8>, &'static str), String> {
    let mut bytes = Vec::new();
    let is_exact = matches!(kind, PassKind::Id | PassKind::Cryptomatte);
    let (result, mime) = if is_exact || image.width() * image.height() <= LOSSLESS {
        (image.write_with_encoder(PngEncoder::new(&mut bytes)), "image/png")
    } else {
        (image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY)), "image/jpeg")
    };
    result.map_err(|error| error.to_string())?;
    Ok((bytes, mime))
}

#[cfg(test)]
mod tests {
    use super::super::canvas::{Gather, Rect};
    use super::*;

    fn of(kind: PassKind, places: usize, pixels: &[[f32; 4]]) -> Vec<[u8; 3]> {
        let meaning = Meaning { kind, places, has_alpha: false, is_scene: true, primaries: None };
        let look = Look { stops: 0.0, view: View::Standard, over: Over::Black };
        let mut canvas = Canvas::new(Rect::sized(pixels.len(), 1), 1.0, 64, Gather::First);
        for (column, samples) in pixels.iter().enumerate() {
            canvas.put(0, column as u32, *samples);
        }
        show(&canvas, &meaning, look).pixels().map(|pixel| pixel.0).collect()
    }

    fn grey(value: f32) -> [f32; 4] {
        [value, 0.0, 0.0, 0.0]
    }

    #[test]
    fn each_kind_is_shown_as_what_it_is() {
        use PassKind::*;
        let check = |kind, places, pixels: &[[f32; 4]], expect: &[[u8; 3]]| {
            assert_eq!(of(kind, places, pixels), expect, "{kind:?}");
        };
        check(
            Depth,
            1,
            &[grey(2.0), grey(4.0), grey(3.0), grey(1e10), grey(f32::INFINITY), grey(f32::NAN)],
            &[[255; 3], [26; 3], [140; 3], [0; 3], [0; 3], [0; 3]],
        );
        check(Depth, 1, &[grey(5.0), grey(5.0)], &[[255; 3]; 2]);
        check(
            Normals,
            3,
            &[[0.0, 1.0, -1.0, 0.0], [f32::NAN, 0.0, 0.0, 0.0]],
            &[[128, 255, 0], [0, 128, 128]],
        );
        check(Vectors, 3, &[[10.0, 0.0, -5.0, 0.0], [0.0; 4]], &[[255, 128, 64], [128; 3]]);
        check(Uv, 2, &[[0.25, 1.0, 9.0, 9.0]], &[[64, 255, 0]]);
        check(Value, 1, &[grey(0.5), grey(2.0), grey(-1.0)], &[[128; 3], [255; 3], [0; 3]]);
        check(Colour, 1, &[grey(0.18)], &[[118; 3]]);
    }

    #[test]
    fn numbers_have_colours_of_their_own() {
        let numbers: Vec<_> = (1..200).map(|number| grey(number as f32)).collect();
        let mut colours = of(PassKind::Id, 1, &numbers[..64]);
        assert_eq!(colours, of(PassKind::Id, 1, &numbers[..64]), "the same in every frame");
        colours.sort_unstable();
        colours.dedup();
        assert!(colours.len() > 60, "{}", colours.len());
        assert_eq!(of(PassKind::Id, 1, &[grey(0.0)]), [[0; 3]]);
        let whole = of(PassKind::Cryptomatte, 4, &[[7.0, 1.0, 9.0, 0.0]]);
        assert_eq!(whole, of(PassKind::Id, 1, &[grey(7.0)]), "one object alone is its colour");
    }

    #[test]
    fn what_is_transparent_shows_what_lies_behind() {
        let meaning =
            Meaning { kind: PassKind::Colour, places: 4, has_alpha: true, is_scene: true, primaries: None };
        let check = |over, stops: f32, samples: Option<[f32; 4]>, expect: u8| {
            let mut canvas = Canvas::new(Rect::sized(1, 1), 1.0, 64, Gather::First);
            if let Some(samples) = samples {
                canvas.put(0, 0, samples);
            }
            let shown = show(&canvas, &meaning, Look { stops, view: View::Standard, over });
            assert_eq!(shown.get_pixel(0, 0).0, [expect; 3], "{over:?} {samples:?}");
        };
        check(Over::Black, 0.0, Some([0.18, 0.18, 0.18, 0.5]), 118);
        check(Over::Grey, 0.0, Some([0.0; 4]), 117);
        check(Over::Grey, 5.0, Some([0.0; 4]), 117);
        check(Over::Checker, 0.0, Some([0.0; 4]), 92);
        check(Over::Checker, 0.0, None, 92);
        // Light without a body, such as a glow, is added and not lost.
        check(Over::Black, 0.0, Some([0.5, 0.5, 0.5, 0.0]), 188);
        check(Over::Black, 1.0, Some([0.25, 0.25, 0.25, 1.0]), 188);
    }
}

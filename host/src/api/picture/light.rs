//! Light to what a screen is sent: transfer functions, the view transforms and nothing of where the samples come from.
//!
//! Scene light is linear with Rec. 709 primaries, 0.18 is mid grey. Everything is computed in `f32` and is quantised once,
//! at the very end.

/// How light becomes what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(in crate::api) enum View {
    /// The sRGB curve; light above 1 is cut off.
    #[default]
    Standard,
    /// As Blender's view of that name, see [`filmic`].
    Filmic,
    /// The camera curve of Rec. 709; light above 1 is cut off.
    Rec709,
    /// The numbers themselves.
    Raw,
}

impl View {
    /// The names of an address.
    pub(in crate::api) const NAMES: [(&'static str, View); 4] = [
        ("standard", View::Standard),
        ("filmic", View::Filmic),
        ("rec709", View::Rec709),
        ("raw", View::Raw),
    ];

    /// What is shown of light, from 0 to 1.
    pub(super) fn show(self, light: [f32; 3]) -> [f32; 3] {
        match self {
            View::Standard => light.map(|one| srgb_encode(unit(one))),
            View::Filmic => filmic(light),
            View::Rec709 => light.map(|one| rec709_encode(unit(one))),
            View::Raw => light.map(unit),
        }
    }
}

/// Within 0 to 1. What is no number is black: one broken sample must not hide the rest.
pub(super) fn unit(value: f32) -> f32 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
}

/// Linear light as sRGB (IEC 61966-2-1).
pub(super) fn srgb_encode(linear: f32) -> f32 {
    if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
}

/// sRGB as linear light.
pub(super) fn srgb_decode(encoded: f32) -> f32 {
    if encoded <= 0.040_45 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

/// Linear light by the camera curve of ITU-R BT.709.
pub(super) fn rec709_encode(linear: f32) -> f32 {
    if linear < 0.018 { linear * 4.5 } else { 1.099 * linear.powf(0.45) - 0.099 }
}

/// Mid grey of a scene.
const GREY: f32 = 0.18;
/// Stops below mid grey that become black, and above it that become white.
const BLACK_STOPS: f32 = 10.0;
const WHITE_STOPS: f32 = 6.5;
/// What mid grey is shown as, and how steep the curve is there, where both axes go from 0 to 1.
const PIVOT: f32 = 0.5012;
const CONTRAST: f32 = 2.164;
/// How suddenly the straight part bends into the toe and the shoulder.
const TOE: f32 = 2.426;
const SHOULDER: f32 = 3.167;
/// Light from here on spills into the other channels, so that a saturated lamp goes to white as it gets brighter and
/// does not stay a flat patch of one primary.
const SPILL_FROM: f32 = 11.7;
const SPILL: f32 = 7.22e-5;
const SPILL_POWER: f32 = 1.095;

/// Blender's view `Filmic` without a look: an S-curve over the logarithm of each channel. 10 stops below mid grey are
/// black, 6.5 above it white, and in between nothing is cut off. The numbers above were fitted to what OpenImageIO makes
/// of 330 greys and some colours with Blender's own OCIO configuration. Greys are within 1 of 255 steps of it, any
/// colours within 3; the tests hold some of the reference. It is no match of a studio's own configuration.
pub(super) fn filmic(light: [f32; 3]) -> [f32; 3] {
    let light = light.map(|one| if one.is_nan() { 0.0 } else { one.clamp(0.0, f32::MAX / 4.0) });
    let most = light[0].max(light[1]).max(light[2]);
    let spill = (SPILL * (most - SPILL_FROM).max(0.0).powf(SPILL_POWER)).min(1.0);
    light.map(|one| sigmoid(one + (most - one) * spill))
}

fn sigmoid(light: f32) -> f32 {
    let range = BLACK_STOPS + WHITE_STOPS;
    let pivot = BLACK_STOPS / range;
    let stops = (light.max(f32::MIN_POSITIVE) / GREY).log2();
    let x = ((stops + BLACK_STOPS) / range).clamp(0.0, 1.0);
    if x < pivot {
        PIVOT - bend((pivot - x) * CONTRAST, pivot * CONTRAST, PIVOT, TOE)
    } else {
        PIVOT + bend((x - pivot) * CONTRAST, (1.0 - pivot) * CONTRAST, 1.0 - PIVOT, SHOULDER)
    }
}

/// A line through 0 that bends so as to be at `height` where the line would be at `end`.
fn bend(line: f32, end: f32, height: f32, power: f32) -> f32 {
    let limit = end / ((end / height).powf(power) - 1.0).powf(1.0 / power);
    line / (1.0 + (line / limit).powf(power)).powf(1.0 / power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn byte(view: View, light: f32) -> u8 {
        (view.show([light; 3])[0] * 255.0).round() as u8
    }

    #[test]
    fn light_is_shown_as_the_standards_say() {
        let check = |view: View, light: f32, expect: u8| {
            assert_eq!(byte(view, light), expect, "{view:?} of {light}");
        };
        for (light, expect) in
            [(0.0, 0), (0.001, 3), (0.18, 118), (0.5, 188), (1.0, 255), (7.0, 255), (-1.0, 0)]
        {
            check(View::Standard, light, expect);
        }
        for (light, expect) in [(0.0, 0), (0.01, 11), (0.18, 104), (0.5, 180), (1.0, 255), (7.0, 255)] {
            check(View::Rec709, light, expect);
        }
        for (light, expect) in [(0.0, 0), (0.18, 46), (0.5, 128), (1.0, 255), (7.0, 255), (-1.0, 0)] {
            check(View::Raw, light, expect);
        }
        for view in View::NAMES.map(|(_, view)| view) {
            check(view, f32::NAN, 0);
            check(view, f32::INFINITY, 255);
            check(view, f32::NEG_INFINITY, 0);
        }
    }

    #[test]
    fn sixteen_bits_of_srgb_survive_the_way_there_and_back() {
        for code in 0..=u16::MAX {
            let encoded = f32::from(code) / 65535.0;
            let back = srgb_encode(srgb_decode(encoded)) * 65535.0;
            assert_eq!(back.round() as u16, code);
        }
    }

    /// Made with `oiiotool in --ociodisplay:from=Linear sRGB VIEW -o out` (OpenImageIO 2.4.7) and the OCIO configuration
    /// of Blender 3.4.1, in 255 steps.
    #[test]
    fn views_are_what_blender_and_openimageio_make_of_the_same_light() {
        type Reference = ([f32; 3], [f32; 3], [f32; 3]);
        let references: [Reference; 13] = [
            ([0.0005; 3], [1.65; 3], [1.89; 3]),
            ([0.002; 3], [6.59; 3], [7.73; 3]),
            ([0.01; 3], [25.46; 3], [25.78; 3]),
            ([0.05; 3], [63.19; 3], [69.63; 3]),
            ([0.18; 3], [117.65; 3], [127.55; 3]),
            ([0.5; 3], [187.52; 3], [177.21; 3]),
            ([2.0; 3], [255.0; 3], [227.53; 3]),
            ([6.0; 3], [255.0; 3], [247.75; 3]),
            ([0.8, 0.1, 0.02], [231.11, 89.04, 38.68], [197.32, 99.01, 40.6]),
            ([4.0, 0.4, 0.0], [255.0, 169.62, 0.0], [242.09, 166.83, 0.0]),
            ([0.02, 0.3, 12.0], [38.68, 148.88, 255.0], [41.22, 152.98, 253.61]),
            ([60.0, 0.0, 0.0], [255.0, 0.0, 0.0], [255.0, 153.84, 153.84]),
            ([20.0, 250.0, 1.0], [255.0, 255.0, 255.0], [255.0, 255.0, 251.08]),
        ];
        for (light, standard, filmic) in references {
            for (view, expect, tolerance) in [(View::Standard, standard, 0.01), (View::Filmic, filmic, 1.2)] {
                for (found, expect) in view.show(light).into_iter().zip(expect) {
                    assert!(
                        (found * 255.0 - expect).abs() <= tolerance,
                        "{view:?} of {light:?}: {} and not {expect}",
                        found * 255.0
                    );
                }
            }
        }
    }

    #[test]
    fn the_filmic_view_rolls_highlights_off() {
        assert_eq!(byte(View::Filmic, 0.0), 0);
        assert_eq!(byte(View::Filmic, GREY * WHITE_STOPS.exp2()), 255);
        let steps: Vec<f32> = (0..400).map(|step| (step as f32 / 20.0 - 11.0).exp2()).collect();
        let shown: Vec<f32> = steps.iter().map(|light| View::Filmic.show([*light; 3])[0]).collect();
        assert!(shown.windows(2).all(|pair| pair[0] <= pair[1]), "never darker for more light");
        assert!(View::Filmic.show([4.0; 3])[0] < View::Filmic.show([8.0; 3])[0], "nothing is cut off at 4");
    }

    #[test]
    fn a_saturated_light_goes_to_white_as_it_gets_brighter() {
        let green = |stops: i32| View::Filmic.show([2_f32.powi(stops), 0.0, 0.0])[1];
        assert!(green(3) == 0.0 && green(5) > 0.1 && green(6) > green(5) && green(8) > 0.9);
    }
}

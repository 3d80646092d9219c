//! What the channels of a file are: names such as `View.Combined.R` put together into layers and passes, and what kind of
//! picture each of them makes. Nothing here reads a file.

use serde::Serialize;
use utoipa::ToSchema;

/// What a pass shows, and so how its numbers become colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::api) enum PassKind {
    /// Light.
    Colour,
    /// Distances: near is white, far is dark, nothing is black.
    Depth,
    /// Directions, -1 to 1 of each axis shown as 0 to 1.
    Normals,
    /// Positions or motion: 0 is mid grey, the largest amount is full.
    Vectors,
    /// Texture coordinates, as they are.
    Uv,
    /// Numbers of objects or materials: each a colour of its own, 0 is black.
    Id,
    /// Cryptomatte: the colours of its two foremost objects, as much of each as covers the pixel.
    Cryptomatte,
    /// A value for each pixel, such as alpha or mist: 0 is black, 1 is white.
    Value,
    /// Deep samples, which are not shown.
    Deep,
}

/// Channels that make one picture together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pass {
    /// What it is asked for by; no two of a file have the same.
    pub(super) name: String,
    pub(super) kind: PassKind,
    /// Which part of the file.
    pub(super) part: usize,
    /// Red first; at most four.
    pub(super) channels: Vec<Channel>,
}

/// One channel of a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Channel {
    /// Its place in the part's list.
    pub(super) index: usize,
    /// The last piece of its name.
    pub(super) name: String,
}

/// A part as its header tells it.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    pub(super) name: Option<String>,
    pub(super) deep: bool,
    /// Name of each channel, and whether its samples are whole numbers.
    pub(super) channels: Vec<(String, bool)>,
}

/// More passes than any renderer writes; what is beyond is left out.
const MOST: usize = 1024;

/// The orders in which channels are shown.
const ORDERS: [&[&str]; 3] = [&["R", "G", "B", "A"], &["X", "Y", "Z", "W"], &["U", "V", "A"]];

/// The passes of all parts, the one that is shown where nobody chose first.
pub(super) fn passes(parts: &[Part]) -> Vec<Pass> {
    let mut found: Vec<Pass> = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let part_name = part.name.as_deref().filter(|_| parts.len() > 1).unwrap_or_default();
        for (prefix, members) in groups(part) {
            for channels in pictures(members) {
                if found.len() >= MOST {
                    return found;
                }
                let is_whole = channels.iter().all(|channel| part.channels[channel.index].1);
                let name = name_of(part_name, &prefix, &channels);
                let name = (1..)
                    .map(|copy| numbered(&name, copy))
                    .find(|name| !found.iter().any(|other| other.name == *name));
                let Some(name) = name else { continue };
                let kind =
                    if part.deep { PassKind::Deep } else { kind_of(part_name, &prefix, &channels, is_whole) };
                found.push(Pass { name, kind, part: index, channels });
            }
        }
    }
    // Stable, so that passes stay in the order of the file.
    found.sort_by_key(rank);
    found
}

/// What is shown first: beauty by its name, other colours, then anything that can be shown.
fn rank(pass: &Pass) -> u8 {
    let last = pass.name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let beauty = ["rgb", "rgba", "combined", "beauty", "composite", "image"].contains(&last.as_str());
    match pass.kind {
        PassKind::Colour if beauty => 0,
        PassKind::Colour => 1,
        PassKind::Deep => 3,
        _ => 2,
    }
}

fn numbered(name: &str, copy: u32) -> String {
    if copy == 1 { name.to_owned() } else { format!("{name} ({copy})") }
}

/// Channels by what stands before their last dot, in the order of the file.
fn groups(part: &Part) -> Vec<(String, Vec<Channel>)> {
    let mut groups: Vec<(String, Vec<Channel>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (index, (full, _)) in part.channels.iter().enumerate() {
        let (prefix, name) = full.rsplit_once('.').unwrap_or(("", full));
        let place = *places.entry(prefix.to_owned()).or_insert_with(|| {
            groups.push((prefix.to_owned(), Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(Channel { index, name: name.to_owned() });
    }
    groups
}

/// The channels of one group as those that make a picture together, and each of the others alone.
fn pictures(mut members: Vec<Channel>) -> Vec<Vec<Channel>> {
    let mut pictures = Vec::new();
    for order in ORDERS {
        let place = |letter: &str| members.iter().position(|one| one.name.eq_ignore_ascii_case(letter));
        let needed = if order[0] == "U" { 2 } else { 3 };
        if !order[..needed].iter().all(|letter| place(letter).is_some()) {
            continue;
        }
        let mut together = Vec::new();
        for letter in order {
            if let Some(at) = members.iter().position(|one| one.name.eq_ignore_ascii_case(letter)) {
                together.push(members.remove(at));
            }
        }
        pictures.push(together);
    }
    pictures.extend(members.into_iter().map(|channel| vec![channel]));
    pictures
}

fn name_of(part: &str, prefix: &str, channels: &[Channel]) -> String {
    let own = match channels {
        // A group that is one channel, as `Depth.Z`, needs no letter; but `Z` beside `R` is not the same as it.
        [alone] => alone.name.clone(),
        many if prefix.is_empty() && part.is_empty() => many.iter().map(|one| one.name.as_str()).collect(),
        _ => String::new(),
    };
    [part, prefix, &own].into_iter().filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join(".")
}

fn kind_of(part: &str, prefix: &str, channels: &[Channel], is_whole: bool) -> PassKind {
    let group =
        prefix.rsplit('.').next().filter(|piece| !piece.is_empty()).unwrap_or(part).to_ascii_lowercase();
    let first = channels.first().map(|channel| channel.name.to_ascii_lowercase()).unwrap_or_default();
    let is = |names: &[&str]| {
        names.contains(&group.as_str()) || (prefix.is_empty() && names.contains(&first.as_str()))
    };
    let is_normal = group == "n" || group.contains("normal");
    if channels.len() >= 3 && first == "r" {
        let ranked = group.contains("crypto") && group.ends_with(|end: char| end.is_ascii_digit());
        return match () {
            () if ranked => PassKind::Cryptomatte,
            () if is_normal => PassKind::Normals,
            () if ["p", "position", "worldposition", "motion", "motionvector", "vector"]
                .contains(&group.as_str()) =>
            {
                PassKind::Vectors
            }
            () => PassKind::Colour,
        };
    }
    match first.as_str() {
        "u" if channels.len() >= 2 => PassKind::Uv,
        "x" if channels.len() >= 3 && is_normal => PassKind::Normals,
        "x" if channels.len() >= 3 => PassKind::Vectors,
        // Blender's mist goes from 0 to 1, although its channel is a Z.
        "z" | "depth" if group != "mist" => PassKind::Depth,
        _ if is_whole || group.starts_with("index") || is(&["id", "objectid", "materialid", "object_id"]) => {
            PassKind::Id
        }
        _ if group == "depth" || group == "z" => PassKind::Depth,
        "y" if prefix.is_empty() => PassKind::Colour,
        _ => PassKind::Value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: Option<&str>, channels: &[&str]) -> Part {
        Part {
            name: name.map(str::to_owned),
            deep: false,
            channels: channels
                .iter()
                .map(|channel| ((*channel).to_owned(), channel.ends_with("!")))
                .collect(),
        }
    }

    fn shown(parts: &[Part]) -> Vec<(String, PassKind, String)> {
        passes(parts)
            .into_iter()
            .map(|pass| {
                let letters = pass.channels.iter().map(|channel| channel.name.as_str()).collect();
                (pass.name, pass.kind, letters)
            })
            .collect()
    }

    #[test]
    fn channels_become_passes() {
        use PassKind::*;
        let check = |names: &[&str], expect: &[(&str, PassKind, &str)]| {
            let expect: Vec<_> = expect
                .iter()
                .map(|(name, kind, letters)| ((*name).to_owned(), *kind, (*letters).to_owned()))
                .collect();
            assert_eq!(shown(&[part(None, names)]), expect, "{names:?}");
        };
        check(&["A", "B", "G", "R"], &[("RGBA", Colour, "RGBA")]);
        check(&["B", "G", "R", "Z"], &[("RGB", Colour, "RGB"), ("Z", Depth, "Z")]);
        check(&["Y"], &[("Y", Colour, "Y")]);
        check(&["Z"], &[("Z", Depth, "Z")]);
        check(&[], &[]);
        // As Blender names them.
        check(
            &[
                "View.CryptoObject00.a",
                "View.CryptoObject00.b",
                "View.CryptoObject00.g",
                "View.CryptoObject00.r",
                "View.Combined.A",
                "View.Combined.B",
                "View.Combined.G",
                "View.Combined.R",
                "View.Depth.Z",
                "View.Normal.X",
                "View.Normal.Y",
                "View.Normal.Z",
                "View.IndexOB.X",
                "View.Mist.Z",
                "View.UV.A",
                "View.UV.U",
                "View.UV.V",
                "View.Vector.W",
                "View.Vector.X",
                "View.Vector.Y",
                "View.Vector.Z",
            ],
            &[
                ("View.Combined", Colour, "RGBA"),
                ("View.CryptoObject00", Cryptomatte, "rgba"),
                ("View.Depth.Z", Depth, "Z"),
                ("View.Normal", Normals, "XYZ"),
                ("View.IndexOB.X", Id, "X"),
                ("View.Mist.Z", Value, "Z"),
                ("View.UV", Uv, "UVA"),
                ("View.Vector", Vectors, "XYZW"),
            ],
        );
        // As others do.
        check(
            &[
                "B",
                "G",
                "N.B",
                "N.G",
                "N.R",
                "P.X",
                "P.Y",
                "P.Z",
                "R",
                "depth",
                "id!",
                "crypto_object.R",
                "crypto_object.G",
                "crypto_object.B",
            ],
            &[
                ("RGB", Colour, "RGB"),
                ("crypto_object", Colour, "RGB"),
                ("depth", Depth, "depth"),
                ("id!", Id, "id!"),
                ("N", Normals, "RGB"),
                ("P", Vectors, "XYZ"),
            ],
        );
        check(
            &["diffuse.B", "diffuse.G", "diffuse.R", "beauty.B", "beauty.G", "beauty.R"],
            &[("beauty", Colour, "RGB"), ("diffuse", Colour, "RGB")],
        );
    }

    #[test]
    fn parts_are_told_apart_by_their_names() {
        let parts = [
            part(Some("depth"), &["Z"]),
            part(Some("rgba"), &["A", "B", "G", "R"]),
            part(Some("left"), &["B", "G", "R"]),
            part(Some("left"), &["B", "G", "R"]),
            Part { deep: true, ..part(Some("smoke"), &["A", "B", "G", "R", "Z"]) },
        ];
        let names: Vec<_> =
            passes(&parts).into_iter().map(|pass| (pass.name, pass.kind, pass.part)).collect();
        let expect = [
            ("rgba", PassKind::Colour, 1),
            ("left", PassKind::Colour, 2),
            ("left (2)", PassKind::Colour, 3),
            ("depth.Z", PassKind::Depth, 0),
            ("smoke", PassKind::Deep, 4),
            ("smoke.Z", PassKind::Deep, 4),
        ];
        assert_eq!(names, expect.map(|(name, kind, part)| (name.to_owned(), kind, part)));
    }
}

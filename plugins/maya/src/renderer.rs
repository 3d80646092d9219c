//! The renderers that this plugin drives: their names in Maya, in jobs and on command lines, and the settings that
//! each has to have before its first frame.

use crate::options::{Device, Options, Verbosity};
use serde::Deserialize;
use serde_json::{Value, json};

/// A renderer whose flags and calls are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Renderer {
    /// Maya Software.
    Software,
    /// Maya Hardware 2.0.
    Hardware2,
    /// Arnold (MtoA).
    Arnold,
    /// V-Ray.
    Vray,
    /// Redshift.
    Redshift,
    /// RenderMan 22 and newer.
    Renderman,
}

/// Renderers that people still ask for, with why they are refused.
const REFUSED: [(&str, &str); 8] = [
    ("mentalray", "mental ray ended with Maya 2016"),
    ("mayahardware", "Maya Hardware gave way to Hardware 2.0; use `hardware2`"),
    ("mayavector", "Maya Vector is no longer part of Maya"),
    ("turtle", "Turtle bakes textures and renders no frames"),
    ("_3delight", "farmhand does not know 3Delight's way to render"),
    ("3delight", "farmhand does not know 3Delight's way to render"),
    ("octanerender", "farmhand does not know Octane's way to render"),
    ("ifmirayphotoreal", "farmhand does not know Iray's way to render"),
];

impl Renderer {
    /// All of them.
    pub const ALL: [Renderer; 6] = [
        Renderer::Software,
        Renderer::Hardware2,
        Renderer::Arnold,
        Renderer::Vray,
        Renderer::Redshift,
        Renderer::Renderman,
    ];

    /// As jobs name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Renderer::Software => "software",
            Renderer::Hardware2 => "hardware2",
            Renderer::Arnold => "arnold",
            Renderer::Vray => "vray",
            Renderer::Redshift => "redshift",
            Renderer::Renderman => "renderman",
        }
    }

    /// As a scene's `currentRenderer` and `mayaBatchRenderProcedure` name it.
    #[must_use]
    pub fn in_maya(self) -> &'static str {
        match self {
            Renderer::Software => "mayaSoftware",
            Renderer::Hardware2 => "mayaHardware2",
            other => other.name(),
        }
    }

    /// As `Render -r` names it.
    #[must_use]
    pub fn flag(self) -> &'static str {
        match self {
            Renderer::Software => "sw",
            Renderer::Hardware2 => "hw2",
            other => other.name(),
        }
    }

    /// The plug-in that brings it; the first two are part of Maya.
    #[must_use]
    pub fn plug_in(self) -> Option<&'static str> {
        match self {
            Renderer::Software | Renderer::Hardware2 => None,
            Renderer::Arnold => Some("mtoa"),
            Renderer::Vray => Some("vrayformaya"),
            Renderer::Redshift => Some("redshift4maya"),
            Renderer::Renderman => Some("RenderManForMaya"),
        }
    }

    /// The licences that a render takes.
    #[must_use]
    pub fn licences(self) -> Vec<String> {
        let own = self.plug_in().map(|_| self.name());
        std::iter::once("maya").chain(own).map(str::to_owned).collect()
    }

    /// What a scene's `currentRenderer` stands for.
    ///
    /// # Errors
    /// Why that one is refused, in a sentence without its end.
    pub fn of_scene(name: &str) -> Result<Self, String> {
        if let Some(known) = Self::ALL.into_iter().find(|one| one.in_maya() == name) {
            return Ok(known);
        }
        Err(format!("{}; {}", refusal(name), Self::choices()))
    }

    fn choices() -> String {
        let names: Vec<String> = Self::ALL.iter().map(|one| format!("`{}`", one.name())).collect();
        format!("known are {}", names.join(", "))
    }

    /// Settings of the scene that the renderer must have, in the order in which they are set.
    #[must_use]
    pub fn settings(self, options: &Options, threads: u32) -> Vec<(&'static str, Value)> {
        let debug = options.verbosity == Verbosity::Debug;
        let mut settings: Vec<(&str, Value)> = Vec::new();
        match self {
            Renderer::Software | Renderer::Hardware2 => {}
            Renderer::Arnold => {
                settings.extend([
                    // 1 and 2 export an .ass file, and then no image is written.
                    ("defaultArnoldRenderOptions.renderType", json!(0)),
                    // Below 2 no line tells how far it is.
                    ("defaultArnoldRenderOptions.log_verbosity", json!(if debug { 3 } else { 2 })),
                    ("defaultArnoldRenderOptions.abortOnLicenseFail", json!(options.abort_on_licence_fail)),
                    ("defaultArnoldRenderOptions.threads_autodetect", json!(false)),
                    ("defaultArnoldRenderOptions.threads", json!(threads)),
                ]);
                if options.strict {
                    settings.push(("defaultArnoldRenderOptions.abortOnError", json!(true)));
                }
                match options.device {
                    Device::Scene => {}
                    Device::Cpu => settings.push(("defaultArnoldRenderOptions.renderDevice", json!(0))),
                    Device::Gpu => settings.extend([
                        ("defaultArnoldRenderOptions.renderDevice", json!(1)),
                        // An error where the GPU fails, and not the CPU in its place.
                        ("defaultArnoldRenderOptions.render_device_fallback", json!(0)),
                    ]),
                }
            }
            Renderer::Vray => {
                settings.extend([
                    ("vraySettings.animType", json!(2)),
                    ("vraySettings.vrscene_render_on", json!(1)),
                    ("vraySettings.vrscene_on", json!(0)),
                    ("vraySettings.sys_distributed_rendering_on", json!(0)),
                    ("vraySettings.dontSaveImage", json!(0)),
                    ("vraySettings.sys_message_level", json!(if debug { 4 } else { 3 })),
                    ("vraySettings.sys_max_threads", json!(threads)),
                ]);
                settings.extend(
                    vray_engine(options.device).map(|value| ("vraySettings.productionEngine", json!(value))),
                );
            }
            Renderer::Redshift | Renderer::Renderman => {}
        }
        settings
    }
}

/// V-Ray's engine is a setting of the scene on every level: 0 is the CPU, 2 CUDA. 3 (RTX) does not run on all cards.
#[must_use]
pub fn vray_engine(device: Device) -> Option<u8> {
    match device {
        Device::Scene => None,
        Device::Cpu => Some(0),
        Device::Gpu => Some(2),
    }
}

/// Why a renderer of this name is refused.
#[must_use]
pub fn refusal(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    REFUSED.iter().find(|(own, _)| *own == lower).map_or_else(
        || format!("`{name}` is no renderer whose flags farmhand knows"),
        |(_, why)| format!("`{name}` is refused: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_name_their_renderer_in_mayas_way() {
        for (name, expected) in [
            ("mayaSoftware", Renderer::Software),
            ("mayaHardware2", Renderer::Hardware2),
            ("arnold", Renderer::Arnold),
            ("vray", Renderer::Vray),
            ("redshift", Renderer::Redshift),
            ("renderman", Renderer::Renderman),
        ] {
            assert_eq!(Renderer::of_scene(name), Ok(expected));
        }
        let refused = Renderer::of_scene("mentalRay").unwrap_err();
        assert!(refused.contains("ended with Maya 2016") && refused.contains("`arnold`"), "{refused}");
        assert!(Renderer::of_scene("indigo").unwrap_err().contains("`indigo` is no renderer"));
    }
}

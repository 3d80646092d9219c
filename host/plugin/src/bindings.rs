//! The generated bindings of `wit/v0`. Only `convert`, `state`, `call` and `loaded` look at them.

/// What `bindgen!` makes of the contract.
mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit/v0",
        world: "plugin",
        imports: {
            // These touch the file system, which may be slow or away: a guest that waits for one is cut off by the
            // outer time limit.
            "farmhand:dcc/host.read-file": async | trappable,
            "farmhand:dcc/host.read-part": async | trappable,
            "farmhand:dcc/host.file-exists": async | trappable,
            "farmhand:dcc/host.directory-exists": async | trappable,
            "farmhand:dcc/host.list-files": async | trappable,
            default: trappable,
        },
        exports: { default: async },
        with: {
            "farmhand:dcc/context.job": crate::state::JobHandle,
            "farmhand:dcc/context.task": crate::state::TaskHandle,
            "farmhand:dcc/context.outcome": crate::state::OutcomeHandle,
            "farmhand:dcc/context.job-end": crate::state::JobEndHandle,
        },
    });
}

/// What a plugin with hooks exports besides.
mod generated_hooks {
    wasmtime::component::bindgen!({
        path: "../../wit/v0",
        world: "hooked",
        imports: { default: trappable },
        exports: { default: async },
        with: {
            "farmhand:dcc/types": super::generated::farmhand::dcc::types,
            "farmhand:dcc/context": super::generated::farmhand::dcc::context,
        },
    });
}

/// What a plugin exports besides that says what its tasks need.
mod generated_needs {
    wasmtime::component::bindgen!({
        path: "../../wit/v0",
        world: "needing",
        imports: { default: trappable },
        exports: { default: async },
        with: {
            "farmhand:dcc/types": super::generated::farmhand::dcc::types,
            "farmhand:dcc/context": super::generated::farmhand::dcc::context,
        },
    });
}

/// What a runner of scripts exports and imports besides.
mod generated_runner {
    wasmtime::component::bindgen!({
        path: "../../wit/v0",
        world: "script-runner",
        imports: { default: trappable },
        exports: { default: async },
        with: {
            "farmhand:dcc/types": super::generated::farmhand::dcc::types,
            "farmhand:dcc/context": super::generated::farmhand::dcc::context,
            "farmhand:dcc/host": super::generated::farmhand::dcc::host,
        },
    });
}

pub(crate) use generated::farmhand::dcc::{context, host, types};
pub(crate) use generated::{Plugin, PluginPre};
pub(crate) use generated_hooks::exports::farmhand::dcc::hooks;
pub(crate) use generated_hooks::{Hooked, HookedPre};
pub(crate) use generated_needs::exports::farmhand::dcc::needs;
pub(crate) use generated_needs::{Needing, NeedingPre};
pub(crate) use generated_runner::farmhand::dcc::script;
pub(crate) use generated_runner::{ScriptRunner, ScriptRunnerPre};

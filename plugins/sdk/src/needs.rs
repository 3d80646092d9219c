//! What a plugin's tasks need of a node besides CPU threads and licences.

/// What one task needs; by default nothing that has to be said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// Bytes of memory; absent: what the job's earlier attempts took, or the node's guess before there was one.
    pub memory_bytes: Option<u64>,
    /// Absent: none, and its process sees none.
    pub gpus: Option<GpuNeed>,
}

impl Needs {
    /// So many GPUs, each of them whole, for which a task waits.
    #[must_use]
    pub fn gpus(count: u32) -> Self {
        Self { gpus: Some(GpuNeed { count, memory_bytes: None, required: true }), ..Self::default() }
    }

    /// The same, for tasks that can do without: they start without GPUs on a node that has none for renders.
    #[must_use]
    pub fn or_none(mut self) -> Self {
        if let Some(gpus) = &mut self.gpus {
            gpus.required = false;
        }
        self
    }
}

/// GPUs that one task needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpuNeed {
    /// 1 to 64.
    pub count: u32,
    /// Bytes on each of them, which other tasks may share; absent: each of them whole.
    pub memory_bytes: Option<u64>,
    /// Whether a task waits for them for ever. Where it does not, it starts without GPUs on a node whose GPUs are all
    /// missing, kept for people or broken, and `build_command` has to do without.
    pub required: bool,
}

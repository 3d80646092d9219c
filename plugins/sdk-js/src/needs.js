// What a plugin's tasks need of a node besides CPU threads and licences.

/** GPUs that one task needs. */
export class GpuNeed {
  constructor({ count = 1, memoryBytes = null, required = true } = {}) {
    /** 1 to 64. */
    this.count = count;
    /** Bytes on each of them, which other tasks may share; null: each of them whole. */
    this.memoryBytes = memoryBytes;
    /** Whether a task waits for them for ever. Where it does not, it starts without GPUs on a node whose GPUs are all
     * missing, kept for people or broken, and `buildCommand` has to do without. */
    this.required = required;
  }
}

/** What one task needs. */
export class Needs {
  constructor({ memoryBytes = null, gpus = null } = {}) {
    /** Bytes of memory; null: what the job's earlier attempts took, or the node's guess before there was one. */
    this.memoryBytes = memoryBytes;
    /** A `GpuNeed`; null: no GPU, and its process sees none. */
    this.gpus = gpus;
  }
}

/**
 * What the page knows of the farm, and nothing about how it is shown.
 */
import type { BatchSummary } from "../api/batches";
import type { AttemptView, FrameDoneView, JobSummary, JobView, NodeSample, NodeView, Notice, PluginView } from "../api/types";
import type { FrameGrid } from "../model/grid";
import { JobsIndex } from "./jobs-index";

export interface Progress {
  job: number;
  frame: number | null;
  fraction: number;
  memoryBytes: number | null;
}

/** What a running attempt's processes take now. */
export interface Taking {
  memoryBytes: number | null;
  cores: number | null;
}

/** The chosen job, of which everything is known. */
export interface Detail {
  readonly id: number;
  view: JobView | null;
  /** The daemon's time when the view was read: what of it grows by itself has grown since then. */
  viewAt: number;
  /** Newest first. */
  attempts: AttemptView[];
  /** Where earlier attempts go on; null where there are none. */
  earlier: string | null;
  /** Whether earlier attempts were let go because there were too many to keep. */
  isCut: boolean;
  /** Newest first. */
  images: FrameDoneView[];
  grid: FrameGrid | null;
  /** Grows with every change of the grid, which is no part of the reactive store itself. */
  gridVersion: number;
}

export interface FarmState {
  jobs: Record<number, JobSummary>;
  /** The same jobs, counted and watched, outside of the reactive store. */
  readonly index: JobsIndex;
  /** Grows with every change of a job. */
  jobsVersion: number;
  /** Those that jobs name, and those that events have told of. */
  batches: Record<number, BatchSummary>;
  /** Where the ended jobs go on; null where there are none. */
  older: string | null;
  node: NodeView | null;
  plugins: PluginView[];
  /** By attempt; only of running ones. */
  progress: Record<number, Progress>;
  /** By attempt; only of running ones. */
  taking: Record<number, Taking>;
  /** What the machine did lately, oldest first. */
  samples: NodeSample[];
  /** Newest first. */
  notices: Notice[];
  /** The newest one that somebody has seen in this browser. */
  noticesSeen: number;
  detail: Detail | null;
}

export function emptyState(): FarmState {
  return {
    jobs: {},
    index: new JobsIndex(),
    jobsVersion: 0,
    batches: {},
    older: null,
    node: null,
    plugins: [],
    progress: {},
    taking: {},
    samples: [],
    notices: [],
    noticesSeen: 0,
    detail: null,
  };
}

export function emptyDetail(id: number): Detail {
  return { id, view: null, viewAt: 0, attempts: [], earlier: null, isCut: false, images: [], grid: null, gridVersion: 0 };
}

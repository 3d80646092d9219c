/**
 * Which part of the page shows what the address names.
 */
import type { Component } from "solid-js";
import type { ViewName } from "../../store/route";
import { JobsView } from "../jobs/JobsView";
import { EventsView, HistoryView, NodeView, PluginsView, SubmitView } from "./later";

export const VIEW_PARTS: Record<ViewName, Component> = {
  jobs: JobsView,
  submit: SubmitView,
  node: NodeView,
  plugins: PluginsView,
  history: HistoryView,
  events: EventsView,
};

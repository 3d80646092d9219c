/**
 * Which part of the page shows what the address names.
 */
import type { Component } from "solid-js";
import type { ViewName } from "../../store/route";
import { EventsView } from "../events/EventsView";
import { HistoryView } from "../history/HistoryView";
import { JobsView } from "../jobs/JobsView";
import { NodeView } from "../node/NodeView";
import { PluginsView } from "../plugins/PluginsView";
import { SubmitView } from "../submit/SubmitView";

export const VIEW_PARTS: Record<ViewName, Component> = {
  jobs: JobsView,
  submit: SubmitView,
  node: NodeView,
  plugins: PluginsView,
  history: HistoryView,
  events: EventsView,
};

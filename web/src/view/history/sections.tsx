/**
 * The parts of a report below its head.
 */
import { createMemo, For, Show, type JSX } from "solid-js";
import type { FaultGroup, FrameTimes, JobReport, PictureNote } from "../../api/reports";
import type { EntryState } from "../../api/batches";
import { pictureAddress } from "../../api/pictures";
import type { JobStatus } from "../../api/types";
import { amount, clock, count, duration, shellLine } from "../../model/format";
import { USUAL } from "../../model/look";
import { attemptAddress, viewAddress } from "../../store/route";
import { t } from "../../text";
import { JobShape } from "../common/icons";
import { usePage } from "../shell/context";
import { TimesChart, type TimeBar } from "./TimesChart";

/** Slow frames that have a row. */
const SLOW_ROWS = 8;
/** Bars of a batch's chart. */
const JOB_BARS = 120;
const PICTURE_SIZE = 320;

const SHAPE: Record<EntryState, JobStatus> = {
  completed: "done",
  skipped: "done",
  failed: "failed",
  pending: "waiting",
  running: "running",
  cancelled: "cancelled",
};

/** Everything about one job. */
export function JobSections(props: { job: JobReport }): JSX.Element {
  return (
    <>
      <Pictures job={props.job.id} pictures={props.job.pictures} />
      <Show when={props.job.times}>{(times) => <Times job={props.job.id} times={times()} />}</Show>
      <Faults faults={props.job.faults} job={props.job.id} />
      <Again job={props.job} />
      <Config job={props.job} />
      <Show when={props.job.command}>
        {(command) => (
          <section>
            <h3>{t.report.command}</h3>
            <pre class="report-command" tabindex="0" aria-label={t.report.command} role="region">
              {shellLine(command().program, command().args)}
            </pre>
          </section>
        )}
      </Show>
      <Show when={props.job.notes.length > 0}>
        <section>
          <h3>{t.report.notes}</h3>
          <ul class="report-list">
            <For each={props.job.notes}>{(note) => <li>{note}</li>}</For>
          </ul>
        </section>
      </Show>
    </>
  );
}

function Pictures(props: { job: number; pictures: readonly PictureNote[] }): JSX.Element {
  const { farm } = usePage();
  return (
    <Show when={props.pictures.length > 0}>
      <section>
        <h3>{t.report.pictures}</h3>
        <ul class="report-strip">
          <For each={props.pictures}>
            {(note) => {
              const caption = (): string => t.report.frame(note.frame, note.layer);
              return (
                <li>
                  <img
                    src={pictureAddress(farm.client, { job: props.job, frame: note.frame, layer: note.layer }, USUAL.look, PICTURE_SIZE)}
                    // The caption beside it says which frame it is.
                    alt=""
                    loading="lazy"
                    // A frame whose image is gone leaves its caption.
                    onError={(event) => event.currentTarget.remove()}
                  />
                  <span class="quiet">{caption()}</span>
                </li>
              );
            }}
          </For>
        </ul>
      </section>
    </Show>
  );
}

function Times(props: { job: number; times: FrameTimes }): JSX.Element {
  const bars = createMemo<TimeBar[]>(() =>
    props.times.chart.map((point) => {
      const frames = point.frame === point.to ? t.report.frame(point.frame, point.layer) : `${t.report.frame(point.frame, point.layer)}–${point.to}`;
      const isSlow = props.times.median > 0 && point.seconds > props.times.median * 2;
      return { title: `${frames}: ${duration(point.seconds)}`, seconds: point.seconds, stands: isSlow ? "slow" : "usual" };
    }),
  );
  return (
    <section>
      <h3>{t.report.times}</h3>
      <Show when={bars().length > 1}>
        <TimesChart bars={bars()} median={props.times.median} label={t.report.timesLabel} />
      </Show>
      <p class="quiet">
        {t.report.timesSaid(
          count(props.times.frames),
          duration(props.times.total),
          duration(props.times.median),
          duration(props.times.mean),
          duration(props.times.p95),
        )}
      </p>
      <Show when={props.times.frames > 1}>
        <table class="report-table">
          <caption>{t.report.slowestFrames}</caption>
          <thead>
            <tr>
              <th scope="col">{t.report.columns.frame}</th>
              <th scope="col" class="report-number">
                {t.report.columns.time}
              </th>
              <th scope="col" class="report-number">
                {t.report.columns.ratio}
              </th>
              <th scope="col" class="report-number">
                {t.report.columns.attempt}
              </th>
            </tr>
          </thead>
          <tbody>
            <For each={props.times.slowest.slice(0, SLOW_ROWS)}>
              {(slow) => (
                <tr>
                  <td>{t.report.frame(slow.frame, slow.layer)}</td>
                  <td class="report-number">{duration(slow.seconds)}</td>
                  <td class="report-number">{props.times.median > 0 ? `${(slow.seconds / props.times.median).toFixed(1)}×` : ""}</td>
                  <td class="report-number">
                    <Show when={slow.attempt}>
                      {(attempt) => <a href={attemptAddress(props.job, attempt())}>{attempt()}</a>}
                    </Show>
                  </td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </Show>
    </section>
  );
}

/** What went wrong, by cause; with links to the jobs where they are of many. */
export function Faults(props: { faults: readonly FaultGroup[]; job?: number }): JSX.Element {
  return (
    <Show when={props.faults.length > 0}>
      <section>
        <h3>{t.report.wrong}</h3>
        <ul class="report-faults">
          <For each={props.faults}>
            {(group) => (
              <li>
                <p>
                  <strong class="bad">{group.cause}</strong>{" "}
                  <span class="quiet">
                    {group.severity}, {t.report.often(group.count)}
                    <Show when={group.frames !== ""}>, {t.report.onFrames(group.frames)}</Show>
                  </span>
                </p>
                <p class="report-said">{group.message}</p>
                <p>
                  <Show
                    when={props.job}
                    fallback={
                      <For each={group.jobs}>
                        {(job) => <a href={viewAddress("history", "job", String(job))}>{t.report.subject.job(job)} </a>}
                      </For>
                    }
                  >
                    {(job) => (
                      <a href={attemptAddress(job(), group.attempt)}>
                        {t.report.columns.attempt} {group.attempt}
                      </a>
                    )}
                  </Show>
                </p>
              </li>
            )}
          </For>
        </ul>
      </section>
    </Show>
  );
}

function Again(props: { job: JobReport }): JSX.Element {
  return (
    <Show when={props.job.retries.length + props.job.fallbacks.length > 0}>
      <section>
        <h3>{t.report.again}</h3>
        <ul class="report-list">
          <For each={props.job.retries}>
            {(retry) => (
              <li>
                <strong>{t.report.retry(retry.level)}</strong>, {t.report.onFrames(retry.frames)}: {retry.reason}
              </li>
            )}
          </For>
          <For each={props.job.fallbacks}>
            {(fallback) => (
              <li>
                <strong>{t.report.fallback(fallback.from, fallback.to)}</strong>, {t.report.onFrames(fallback.frames)}, {fallback.cause}: {fallback.reason}
              </li>
            )}
          </For>
        </ul>
      </section>
    </Show>
  );
}

function Config(props: { job: JobReport }): JSX.Element {
  const { now } = usePage();
  const config = () => props.job.config;
  return (
    <section>
      <h3>{t.report.config}</h3>
      <dl class="facts">
        <Fact name={t.report.facts.scene} value={config().scene} />
        <Fact name={t.report.facts.output} value={config().output ?? t.report.facts.asScene} />
        <Fact name={t.report.facts.plugin} value={config().plugin} />
        <Fact name={t.report.facts.frames} value={config().frames} />
        <For each={props.job.failed_frames}>
          {(failed) => <Fact name={t.report.facts.failed} value={[failed.layer, failed.frames].filter((part) => part !== null).join(" ")} />}
        </For>
        <Fact name={t.report.facts.layers} value={config().layers.join(", ")} />
        <For each={Object.entries(config().options)}>
          {([name, value]) => <Fact name={name} value={typeof value === "string" ? value : JSON.stringify(value)} />}
        </For>
        <Fact name={t.report.facts.priority} value={String(config().priority)} />
        <Fact name={t.report.facts.submitted} value={clock(props.job.submitted, now())} />
        <Fact name={t.report.facts.started} value={props.job.started === null ? "" : clock(props.job.started, now())} />
        <Fact name={t.report.facts.ended} value={props.job.finished === null ? "" : clock(props.job.finished, now())} />
        <For each={props.job.plugins}>
          {(used) => <Fact name={t.report.facts.decided} value={`${used.name} ${used.version} (${used.digest.slice(0, 12)})`} />}
        </For>
      </dl>
    </section>
  );
}

function Fact(props: { name: string; value: string }): JSX.Element {
  return (
    <Show when={props.value !== ""}>
      <dt>{props.name}</dt>
      <dd class="path">{props.value}</dd>
    </Show>
  );
}

/** The jobs of a batch, with the time that each took. */
export function JobsOf(props: { jobs: readonly JobReport[] }): JSX.Element {
  const bars = createMemo<TimeBar[]>(() =>
    props.jobs
      .filter((job) => job.times !== null)
      .map((job): TimeBar => {
        const seconds = job.times?.total ?? 0;
        return { title: `${job.name}: ${duration(seconds)}`, seconds, stands: job.state === "failed" ? "failed" : "usual" };
      })
      .slice(0, JOB_BARS),
  );
  return (
    <>
      <Show when={bars().length > 1}>
        <section>
          <h3>{t.report.timesOfJobs}</h3>
          <TimesChart bars={bars()} median={null} label={t.report.timesOfJobsLabel} />
        </section>
      </Show>
      <section>
        <h3>{t.report.jobs}</h3>
        <div class="report-wide" tabindex="0" role="region" aria-label={t.report.jobs}>
          <table class="report-table">
            <thead>
              <tr>
                <th scope="col">{t.report.columns.state}</th>
                <th scope="col">{t.report.columns.job}</th>
                <th scope="col" class="report-number">
                  {t.report.columns.frames}
                </th>
                <th scope="col" class="report-number">
                  {t.report.columns.duration}
                </th>
                <th scope="col" class="report-number">
                  {t.report.columns.median}
                </th>
                <th scope="col" class="report-number">
                  {t.report.columns.memory}
                </th>
                <th scope="col" class="report-number">
                  {t.report.columns.retries}
                </th>
              </tr>
            </thead>
            <tbody>
              <For each={props.jobs}>
                {(job) => (
                  <tr>
                    <td>
                      <JobShape status={SHAPE[job.state]} /> {t.report.state[job.state]}
                    </td>
                    <td>
                      <a href={viewAddress("history", "job", String(job.id))}>{job.name}</a>
                    </td>
                    <td class="report-number">{t.jobs.ofFrames(count(job.frames.done + job.frames.skipped), count(job.frames.total))}</td>
                    <td class="report-number">{job.duration === null ? "" : duration(job.duration)}</td>
                    <td class="report-number">{job.times === null ? "" : duration(job.times.median)}</td>
                    <td class="report-number">{job.peak_memory_bytes === null ? "" : amount(job.peak_memory_bytes)}</td>
                    <td class="report-number">{job.retry_count > 0 ? count(job.retry_count) : ""}</td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}

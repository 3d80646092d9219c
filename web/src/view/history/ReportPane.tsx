/**
 * A report to be read on the page. It is drawn from the JSON, never from the HTML that is to be downloaded.
 */
import { createMemo, createResource, createSignal, For, onCleanup, Show, type JSX } from "solid-js";
import { asProblem } from "../../api/problem";
import { FORMATS, report as readReport, reportAddress, type JobReport, type Report, type SubjectKind } from "../../api/reports";
import { amount, clock, count, duration, percent } from "../../model/format";
import { compare, type Difference, type Unit } from "../../model/history";
import { jobAddress, viewAddress } from "../../store/route";
import { t } from "../../text";
import { JobShape } from "../common/icons";
import { FrameBar, ProblemText } from "../common/parts";
import { usePage } from "../shell/context";
import { JobsOf, JobSections, Faults } from "./sections";
import type { PastStore } from "./past";

/** Other runs of a scene that can be chosen to compare with. */
const OTHERS = 20;

export function ReportPane(props: { kind: SubjectKind; id: number; past: PastStore }): JSX.Element {
  const { farm } = usePage();
  const read = (kind: SubjectKind, id: number): Promise<Report> => {
    const turn = new AbortController();
    onCleanup(() => turn.abort());
    return readReport(farm.client, kind, id, turn.signal);
  };
  const [report] = createResource(
    () => ({ kind: props.kind, id: props.id, epoch: farm.epoch() }),
    ({ kind, id }) => read(kind, id),
  );
  const shown = (): Report | undefined => (report.error === undefined ? report.latest : undefined);
  return (
    <article class="report" aria-label={t.report.label} aria-busy={report.loading}>
      <p class="report-back">
        <a href={viewAddress("history")}>{t.report.back}</a>
      </p>
      <Show when={report.error !== undefined}>
        <ProblemText problem={asProblem(report.error)} />
      </Show>
      <Show when={shown()} fallback={<Show when={report.loading}>{<p class="empty">{t.report.loading}</p>}</Show>}>
        {(made) => (
          <>
            <Head report={made()} kind={props.kind} id={props.id} />
            <Show when={props.kind === "job" ? made().jobs[0] : undefined}>
              {(job) => (
                <>
                  <Compare report={made()} job={job()} past={props.past} />
                  <JobSections job={job()} />
                </>
              )}
            </Show>
            <Show when={props.kind === "batch"}>
              <Faults faults={made().faults} />
              <JobsOf jobs={made().jobs} />
            </Show>
          </>
        )}
      </Show>
    </article>
  );
}

function Head(props: { report: Report; kind: SubjectKind; id: number }): JSX.Element {
  const { farm, now } = usePage();
  const summary = () => props.report.summary;
  const subject = () => props.report.subject;
  const frames = () => summary().frames;
  const there = () => frames().done + frames().skipped;
  const only = () => (props.kind === "job" ? props.report.jobs[0] : undefined);
  const success = () => {
    const ended = there() + frames().failed;
    return ended === 0 ? null : percent(there(), ended);
  };
  return (
    <header class="report-head">
      <p class="quiet">
        {t.report.subject[props.kind](props.id)}
        <Show when={subject().user}>{(user) => <> {t.report.by(user())}</>}</Show>
        <Show when={subject().finished}>{(time) => <>, {t.report.ended(clock(time(), now()))}</>}</Show>
      </p>
      <h2>{subject().name}</h2>
      <Show when={only()}>
        {(job) => (
          <p class={`report-state status-${job().status}`}>
            <JobShape status={job().status} /> {t.report.state[job().state]}
            <Show when={job().error ?? job().skipped}>{(reason) => <span class="report-reason">{reason()}</span>}</Show>
          </p>
        )}
      </Show>
      <FrameBar counts={frames()} label={t.report.framesBar(there(), frames().total)} />
      <dl class="report-tiles">
        <Tile name={t.report.tiles.frames} value={t.jobs.ofFrames(count(there()), count(frames().total))} />
        <Show when={success() !== null}>
          <Tile name={t.report.tiles.success} value={`${success()} %`} bad={(success() ?? 100) < 100} />
        </Show>
        <Show when={summary().duration !== null}>
          <Tile name={t.report.tiles.duration} value={duration(summary().duration ?? 0)} />
        </Show>
        <Show when={only()?.times}>
          {(times) => (
            <>
              <Tile name={t.report.tiles.median} value={duration(times().median)} />
              <Tile name={t.report.tiles.slowest} value={duration(times().slowest[0]?.seconds ?? 0)} />
            </>
          )}
        </Show>
        <Show when={summary().render_seconds !== null}>
          <Tile name={t.report.tiles.total} value={duration(summary().render_seconds ?? 0)} />
        </Show>
        <Show when={summary().peak_memory_bytes !== null}>
          <Tile name={t.report.tiles.memory} value={amount(summary().peak_memory_bytes ?? 0)} />
        </Show>
        <Show when={summary().peak_gpu_memory_bytes !== null}>
          <Tile name={t.report.tiles.gpuMemory} value={amount(summary().peak_gpu_memory_bytes ?? 0)} />
        </Show>
        <Tile name={t.report.tiles.attempts} value={count(summary().attempts)} />
        <Tile name={t.report.tiles.retries} value={count(summary().retries)} />
        <Tile name={t.report.tiles.fallbacks} value={count(summary().fallbacks)} />
      </dl>
      <p class="report-links">
        <span>{t.report.download}</span>
        <For each={FORMATS}>
          {(format) => (
            <a href={reportAddress(farm.client, props.kind, props.id, format)} download="" data-format={format}>
              {t.report.formats[format]}
            </a>
          )}
        </For>
        <Show when={props.kind === "job"}>
          <a class="right" href={jobAddress(props.id)}>
            {t.report.openJob}
          </a>
        </Show>
      </p>
    </header>
  );
}

function Tile(props: { name: string; value: string; bad?: boolean }): JSX.Element {
  return (
    <div classList={{ bad: props.bad === true }}>
      <dt>{props.name}</dt>
      <dd>{props.value}</dd>
    </div>
  );
}

function Compare(props: { report: Report; job: JobReport; past: PastStore }): JSX.Element {
  const { farm, now } = usePage();
  const [other, setOther] = createSignal<{ of: number; with: number } | null>(null);
  const others = createMemo(() =>
    props.past
      .all()
      .filter((past) => past.kind === "job" && past.id !== props.job.id && past.scene === props.job.config.scene)
      .sort((a, b) => b.id - a.id)
      .slice(0, OTHERS),
  );
  const chosen = () => {
    const choice = other();
    return choice?.of === props.job.id ? choice.with : undefined;
  };
  const [run] = createResource(chosen, (id) => {
    const turn = new AbortController();
    onCleanup(() => turn.abort());
    return readReport(farm.client, "job", id, turn.signal);
  });
  const lines = (): Difference[] => {
    const made = run.error === undefined ? run() : undefined;
    const job = made?.jobs[0];
    if (made === undefined || job === undefined || chosen() === undefined) return [];
    return compare({ job: props.job, summary: props.report.summary }, { job, summary: made.summary });
  };
  return (
    <Show when={others().length > 0}>
      <section class="report-compare">
        <label>
          <span>{t.report.compare}</span>
          <select
            onChange={(event) => {
              const id = Number(event.currentTarget.value);
              setOther(id > 0 ? { of: props.job.id, with: id } : null);
            }}
          >
            <option value="0" selected={chosen() === undefined}>
              {t.report.compareNone}
            </option>
            <For each={others()}>
              {(past) => (
                <option value={past.id} selected={chosen() === past.id}>
                  {t.report.compareWith(past.id, clock(past.ended, now()))}
                </option>
              )}
            </For>
          </select>
        </label>
        <Show when={run.error !== undefined && chosen() !== undefined}>
          <ProblemText problem={asProblem(run.error)} />
        </Show>
        <Show when={lines().length > 0}>
          <table class="report-table">
            <caption>{t.report.comparison(props.job.id, chosen() ?? 0)}</caption>
            <thead>
              <tr>
                <th scope="col">{t.report.figure}</th>
                <th scope="col" class="report-number">
                  {t.report.subject.job(props.job.id)}
                </th>
                <th scope="col" class="report-number">
                  {t.report.subject.job(chosen() ?? 0)}
                </th>
                <th scope="col">{t.report.change}</th>
              </tr>
            </thead>
            <tbody>
              <For each={lines()}>
                {(line) => (
                  <tr>
                    <th scope="row">{t.report.difference[line.name]}</th>
                    <td class="report-number">{inUnit(line.one, line.unit)}</td>
                    <td class="report-number">{inUnit(line.other, line.unit)}</td>
                    <td>{line.change === null ? "" : t.report.more(Math.round(line.change * 100))}</td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        </Show>
      </section>
    </Show>
  );
}

function inUnit(value: number | null, unit: Unit): string {
  if (value === null) return t.report.unknown;
  if (unit === "seconds") return duration(value);
  return unit === "bytes" ? amount(value) : count(value);
}

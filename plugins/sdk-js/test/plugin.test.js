// A plugin as the daemon asks it: defaults, answers, and the mistakes of authors.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Command,
  FrameRuns,
  GpuNeed,
  Hook,
  HookScript,
  Image,
  Job,
  JobEnd,
  Level,
  Movie,
  Needs,
  Note,
  Plugin,
  PluginError,
  PreparedJob,
  Problem,
  Run,
  Task,
  Tool,
  ToolSpec,
  Verdict,
  Verify,
  Write,
  fact,
  fault,
  host,
  match,
} from "../index.js";
import * as calls from "../src/calls.js";
import * as testing from "../testing.js";
import { plugin } from "./support.js";

/** That this throws an error whose message holds this part. */
function refused(run, part) {
  assert.throws(run, (error) => {
    assert.ok(error.message.includes(part), `${part}\n${error.message}`);
    return true;
  });
}

class MyRenderer extends Plugin {
  extensions = ["my"];
  tools = ["my"];

  buildCommand(task) {
    return new Command("my", ["--frames", task.frames, task.job.scene]);
  }
}

test("the smallest plugin has everything else by default", () => {
  const { tools, levels, ...fields } = testing.descriptor(MyRenderer);
  assert.deepEqual(fields, {
    name: "my-renderer",
    version: "0.1.0",
    summary: "",
    extensions: ["my"],
    supports: "*",
    optionsSchema: { type: "object", additionalProperties: false, properties: {} },
  });
  assert.deepEqual({ ...tools[0] }, { id: "my", names: ["my"], globs: [], versionArgs: [] });
  assert.deepEqual({ ...levels[0] }, { name: "render", summary: "Renders.", tools: ["my"], frames: "any" });
  assert.deepEqual(testing.command(MyRenderer, testing.task({ frames: "1-3,9" })).args, [
    "--frames",
    "1-3,9",
    "/show/shot.scene",
  ]);
  assert.deepEqual(testing.events(MyRenderer, "whatever\nit says"), []);
  assert.equal(testing.validate(MyRenderer) instanceof PreparedJob, true);
  assert.equal(testing.verdict(MyRenderer, testing.outcome({ done: "1-10" })).decision, "accept");
  for (const moment of ["beforeJob", "afterJob", "beforeTask", "afterTask"])
    assert.deepEqual(testing.hooks(MyRenderer, moment), []);
  assert.equal(calls.hasHooks(new MyRenderer()), false);
});

test("fields may be the class's own, and a plugin may be an object", () => {
  class Other extends MyRenderer {
    static name = "glow";
    static version = "2.0.0";
  }
  assert.deepEqual([testing.descriptor(Other).name, testing.descriptor(Other).version], ["glow", "2.0.0"]);
  assert.equal(testing.descriptor(plugin()).name, "glow");
  assert.equal(calls.hasHooks(calls.checkedPlugin(plugin({ beforeTask: () => [] }))), true);
});

test("what a plugin says of itself is taken as it is written", () => {
  const said = testing.descriptor(
    plugin({
      version: "1.2.3",
      summary: "Renders.",
      supports: ">=2",
      extensions: ["a", "b"],
      tools: [new ToolSpec("glow", { names: ["glow3"], globs: ["/opt/*/glow"], versionArgs: ["-v"] }), "other"],
      levels: [new Level("fast", { summary: "Quick.", tools: ["other"], frames: "single" }), new Level("safe")],
      options: { quality: { type: "integer", default: 50 } },
    }),
  );
  assert.deepEqual(
    said.levels.map(({ name, tools, frames }) => [name, tools, frames]),
    [
      ["fast", ["other"], "single"],
      ["safe", ["glow", "other"], "any"],
    ],
  );
  assert.deepEqual(
    said.tools.map(({ id, names }) => [id, names]),
    [
      ["glow", ["glow3"]],
      ["other", ["other"]],
    ],
  );
  const whole = { type: "object", properties: {} };
  assert.equal(testing.descriptor(plugin({ options: whole })).optionsSchema, whole);
});

test("mistakes in what a plugin is", () => {
  for (const [members, part] of [
    [{ tools: [] }, "glow.tools is empty"],
    [{ tools: "glow" }, 'glow.tools is "glow": an array of tools was expected'],
    [{ tools: ["glow", 3] }, "glow.tools[1] is 3: a text or a ToolSpec was expected"],
    [{ levels: [] }, "glow.levels is an empty array: at least one Level"],
    [{ levels: [new Level("a", { tools: ["glov"] })] }, 'did you mean "glow"?'],
    [{ levels: [new Level("a", { frames: "some" })] }, 'one of "any", "stepped", "single"'],
    [{ extensions: ["a", null] }, "glow.extensions[1] is null: a text was expected"],
    [{ version: 2 }, "glow.version is 2: a text was expected"],
    [{ options: { quality: 50 } }, "options.quality is 50: a JSON Schema"],
    [{ options: [] }, "options is an empty array"],
    [{ lines: [3] }, "lines[0] is 3: a match(…) was expected"],
    [{ build_command: () => null }, "has `build_command`; it is spelled `buildCommand`"],
    [{ beforetask: () => null }, "it is spelled `beforeTask`"],
    [{ judge: 3 }, "glow.judge is 3: a function was expected"],
    [{ buildCommand: undefined }, "buildCommand is undefined: a function"],
  ])
    refused(() => testing.descriptor(plugin(members)), part);
  refused(
    () => testing.descriptor(class Glow extends Plugin {}),
    "Glow in the plugin says nothing about what to run: write `buildCommand(task)`",
  );
  refused(
    () =>
      testing.descriptor(
        class Glow extends Plugin {
          buildCommnd() {}
        },
      ),
    "is `buildCommnd` meant to be it?",
  );
  refused(() => testing.descriptor(undefined), "has no default export");
  refused(() => testing.descriptor(class Glow {}), "the function Glow: a class that extends Plugin was expected");
  refused(() => testing.descriptor(3), "is 3: a class that extends Plugin");
  refused(() => testing.descriptor({ ...plugin(), name: undefined }), "the plugin has no name");
});

test("commands", () => {
  const command = testing.command(
    plugin({
      buildCommand(task) {
        const built = new Command("glow", ["--threads", task.threads, 0.5], {
          env: { A: "b", N: 2 },
          cwd: "/x",
          verify: Verify.EXIT_CODE,
        });
        return built.add(task.frames, "x").write(`${task.scratch}/a.py`, "print()");
      },
    }),
  );
  assert.deepEqual(
    { ...command, files: command.files.map((file) => ({ ...file })) },
    {
      tool: "glow",
      args: ["--threads", "4", "0.5", "1-10", "x"],
      env: { A: "b", N: "2" },
      cwd: "/x",
      outputs: [],
      verify: "exit-code",
      files: [{ path: "/farm/scratch/7/a.py", contents: "print()", removeOnSuccess: true }],
    },
  );
  const outputs = [new Image(1, "/a", "/b"), new Movie("/m", FrameRuns.range(1, 3))];
  assert.deepEqual(
    testing.command(plugin({ buildCommand: () => ({ tool: "glow", outputs }) })).outputs.map((one) => one.place),
    ["/b", null],
  );
});

test("mistakes in a command", () => {
  const answers = (answer) => () => testing.command(plugin({ buildCommand: () => answer() }));
  for (const [answer, part] of [
    [() => undefined, "glow.buildCommand gave nothing: a Command was expected; is a `return` missing?"],
    [() => "glow", 'what glow.buildCommand gave is "glow": a Command was expected'],
    [async () => new Command("glow"), "answer at once, without async or await"],
    [() => new Command("glow", "--frames"), "the second argument of Command"],
    [
      () => new Command("glow", ["a", undefined]),
      "argument 2 is undefined: a text, a number or frames was expected; leave out",
    ],
    [() => new Command("glow", [["a"]]), "write `...` before an array"],
    [() => new Command("glow").add("a", {}), "argument 2 is an empty object"],
    [() => new Command("glov"), 'asks for the tool "glov"; level 0 has "glow"'],
    [() => new Command("glow", [], { env: { A: null } }), "env.A of the Command that glow.buildCommand gave is null"],
    [() => new Command("glow", [], { cwd: 3 }), "cwd of the Command"],
    [() => new Command("glow", [], { verify: "exit" }), "did you mean"],
    [
      () => new Command("glow", [], { outputs: [new Image("1", "/a")] }),
      'outputs[0].frame of the Command that glow.buildCommand gave is "1"',
    ],
    [() => new Command("glow", [], { outputs: ["/a"] }), "outputs[0] of the Command"],
    [() => new Command("glow", [], { files: [{ path: "/a" }] }), "files[0].contents"],
    [() => ({ tool: "glow", args: "x" }), "args of the Command"],
  ]) {
    if (part === "did you mean") refused(answers(answer), "one of");
    else refused(answers(answer), part);
  }
});

test("options have the defaults of the schema, and one that nobody knows is a mistake", () => {
  const options = { quality: { type: "integer", default: 50 }, denoise: { type: "boolean" } };
  const args = (read, given) =>
    testing.command(
      plugin({ options, buildCommand: ({ job }) => new Command("glow", [String(read(job))]) }),
      testing.task({ options: given }),
    ).args[0];
  assert.equal(
    args((job) => job.options.quality),
    "50",
  );
  assert.equal(
    args((job) => job.options.quality, { quality: 7 }),
    "7",
  );
  assert.equal(
    args((job) => job.options.denoise),
    "undefined",
  );
  assert.equal(
    args((job) => JSON.stringify([job.options, job.rawOptions]), { denoise: true }),
    '[{"quality":50,"denoise":true},{"denoise":true}]',
  );
  refused(() => args((job) => job.options.qualty), "the plugin has no option `qualty`; did you mean `quality`?");
  refused(() => args((job) => job.options.zzz), "the options are quality, denoise");
});

test("a job is kept, changed, or refused with everything that is wrong with it", () => {
  const made = (validate, more = {}) => testing.validate(plugin({ validate, ...more }), testing.job({ options: {} }));
  assert.equal(made(() => undefined).output, "/show/out/shot_####.png");
  const kept = made((job) => Object.assign(job.prepared(), { licences: ["glow"], frames: [3, 1, 2], notes: ["slow"] }));
  assert.deepEqual([kept.licences, String(kept.frames), kept.notes, kept.whole], [["glow"], "1-3", ["slow"], false]);
  assert.deepEqual(
    made(() => new Problem("/scene", "no")).map(({ field }) => field),
    ["/scene"],
  );
  assert.equal(
    made(function* () {
      yield new Problem("/a", "b");
      yield new Problem("/c", "d");
    }).length,
    2,
  );
  assert.equal(made(() => []) instanceof PreparedJob, true);
  refused(() => made(() => "no"), "a PreparedJob, problems, or nothing was expected");
  refused(() => made(() => ["no"]), 'is "no": a Problem was expected');
  refused(
    () => made((job) => Object.assign(job.prepared(), { whole: 1 })),
    "whole of the PreparedJob that glow.validate gave is 1",
  );

  const hookScripts = [
    new HookScript("a.sh", "/a.sh", { moment: "before-task" }),
    new HookScript("b.py", "/b.py", { moment: "after-frame" }),
  ];
  const job = testing.job({ output: "~/x", hookScripts });
  assert.deepEqual(
    testing.validate(plugin(), job).map(({ field, message }) => [field, message]),
    [
      ["/hooks/1/at", "this plugin cannot run `b.py` after-frame, inside the DCC; run it before-task or after-task"],
      ["/output", "`~` is not expanded; write the whole path"],
    ],
  );
  assert.equal(
    testing.validate(plugin({ frameHooks: true }), testing.job({ hookScripts })) instanceof PreparedJob,
    true,
  );
  assert.deepEqual(
    job.frameHooks().map(({ name }) => name),
    ["b.py"],
  );
  assert.equal(
    testing.job({ output: " " }).outputProblem().message,
    "the output is empty; leave it out to use the usual place",
  );
});

test("a mistake in the output's name is said when the job is submitted", () => {
  const made = plugin({ validate: (job) => job.templateProblem() });
  const told = testing.validate(made, testing.job({ output: "/out/{shot}_####" }));
  assert.deepEqual(
    told.map(({ field, message }) => [field, message.split(";")[0]]),
    [["/output", "column 6: unknown token `{shot}`"]],
  );
  for (const output of [null, "/out/{layer}_####"]) {
    assert.equal(testing.validate(made, testing.job({ output })) instanceof PreparedJob, true);
  }
});

test("paths are mapped by the longest rule that fits", () => {
  const job = new Job({
    pathMap: [
      { spelled: "Z:/show/a", here: "/a" },
      { spelled: "Z:/show", here: "/mnt/show" },
    ],
  });
  for (const [path, here] of [
    ["Z:\\show\\a\\x", "/a/x"],
    ["Z:/show/b", "/mnt/show/b"],
    ["Z:/shows", "Z:/shows"],
    ["Z:/show", "/mnt/show"],
  ]) {
    assert.equal(job.mapped(path), here);
  }
});

test("a tool that is not offered is named", () => {
  const task = new Task({ tools: [new Tool("glow", "/usr/bin/glow")] });
  assert.equal(task.tool("glow").path, "/usr/bin/glow");
  refused(() => task.tool("other"), "no tool `other` is offered at level 0; offered: `glow`");
});

test("verdicts", () => {
  const ended = testing.outcome({ missing: "1-10", exitCode: 3 });
  assert.deepEqual(
    { ...testing.verdict(plugin({ judge: () => new Verdict("retry", "again", 500) }), ended) },
    { decision: "retry", reason: "again", afterMs: 500 },
  );
  // Nothing leaves it to the policy, which knows how many levels there are.
  assert.equal(
    testing.verdict(plugin({ judge: () => undefined, levels: [new Level("a"), new Level("b")] }), ended).decision,
    "fall-back",
  );
  assert.equal(testing.verdict(plugin(), ended).decision, "fail-frames");
  refused(
    () => testing.verdict(plugin({ judge: () => ({ decision: "retry" }) }), ended),
    "reason of the Verdict that glow.judge gave is undefined",
  );
  refused(() => new Verdict("retri", "x"), 'did you mean "retry"?');
  refused(() => testing.verdict(plugin({ judge: () => new Verdict("retry", "x", -1) }), ended), "afterMs");
  // What the reader sees in a log counts.
  const lines = [match(/^no licence/, fault("transient", "licence")), match(/^hold: (?<value>.+)/, fact("hold"))];
  for (const [log, decision] of [
    ["no licence", "retry"],
    ["hold: look", "hold-job"],
    ["noise", "fail-frames"],
  ]) {
    assert.equal(testing.verdict(plugin({ lines }), ended, testing.task(), { log }).decision, decision, log);
  }
});

test("needs", () => {
  const answer = (answer, level = 0) => testing.needs(plugin({ needs: () => answer }), level);
  assert.deepEqual(testing.needs(MyRenderer), new Needs());
  assert.deepEqual(answer(null), new Needs());
  assert.deepEqual(answer(new Needs({ gpus: new GpuNeed() })).gpus, new GpuNeed({ count: 1, required: true }));
  const made = answer({ memoryBytes: 2 ** 40, gpus: { count: 2, memoryBytes: 5, required: false } });
  assert.deepEqual(made, new Needs({ memoryBytes: 2 ** 40, gpus: new GpuNeed({ count: 2, memoryBytes: 5, required: false }) }));
  const byLevel = plugin({
    options: { big: { type: "boolean", default: true } },
    needs: (job, level) => new Needs({ memoryBytes: job.options.big ? level + 1 : 0 }),
  });
  assert.equal(testing.needs(byLevel, 2).memoryBytes, 3);
  refused(() => answer(3), "what glow.needs gave is 3: a Needs was expected");
  refused(() => answer(new Needs({ memoryBytes: "8 GB" })), 'memoryBytes of the Needs that glow.needs gave is "8 GB"');
  refused(() => answer(new Needs({ gpus: 1 })), "gpus of the Needs that glow.needs gave is 1: a GpuNeed was expected");
  refused(() => answer({ gpus: { count: 1.5 } }), "gpus.count of the Needs that glow.needs gave is 1.5");
  refused(() => answer({ gpus: { required: 1 } }), "gpus.required of the Needs that glow.needs gave is 1");
});

test("hooks", () => {
  const answers = (answer) => testing.hooks(plugin({ beforeTask: () => answer }), "beforeTask", testing.task());
  assert.deepEqual(
    answers(new Note("hi")).map(({ name, actions }) => [name, actions.length]),
    [["before-task", 1]],
  );
  const made = answers([
    new Hook("clean", [new Run("glow", ["-x", 3], { seconds: 5 })], { onFailure: "hold" }),
    new Write("/a", "b"),
  ]);
  assert.deepEqual(
    made.map(({ name, onFailure }) => [name, onFailure]),
    [
      ["before-task", "warn"],
      ["clean", "hold"],
    ],
  );
  assert.deepEqual(made[1].actions[0].args, ["-x", "3"]);
  refused(() => answers(3), "what glow.beforeTask gave is 3: an array of hooks was expected");
  refused(() => answers(["x"]), "a Hook, or an action such as a Note, was expected");
  refused(() => answers([new Note(3)]), "message of actions[0] of the hook before-task is 3");
  refused(() => answers([new Hook("a", [{}])]), "actions[0] of the hook a is an empty object");
  refused(() => new Hook("a", [], { onFailure: "fial" }), 'did you mean "fail"?');
  const end = testing.hooks(
    plugin({ afterJob: (job, { framesDone }) => new Note(`${framesDone}`) }),
    "afterJob",
    testing.job(),
    new JobEnd({ framesDone: 4 }),
  );
  assert.equal(end[0].actions[0].message, "4");
});

test("the host answers what a test set", () => {
  const answers = {
    config: { server: "lic1" },
    env: { SHOW: "a" },
    files: { "/show/a.txt": "one\r\ntwo\n\nlast", "/show/b/c": new Uint8Array([104, 105]) },
    scriptFiles: { "presets.txt": "x" },
  };
  const log = testing.host(answers, (standIn) => {
    assert.deepEqual(host.config(), { server: "lic1" });
    assert.deepEqual([host.env("SHOW"), host.env("NONE"), host.env("NONE", "b")], ["a", null, "b"]);
    assert.equal(host.readFile("/show/b/c"), "hi");
    assert.deepEqual([...host.readPart("/show/a.txt", 1, 2)], [110, 101]);
    assert.deepEqual([...host.scan("/show/a.txt")], ["one", "two", "", "last"]);
    assert.deepEqual(
      [
        host.fileExists("/show/b/c"),
        host.fileExists("/x"),
        host.directoryExists("/show/b/"),
        host.directoryExists("/y"),
      ],
      [true, false, true, false],
    );
    assert.deepEqual(host.listFiles("/show"), ["/show/a.txt", "/show/b/c"]);
    assert.equal(host.scriptFile("presets.txt"), "x");
    refused(() => host.readFile("/x"), "/x: the test set no such file");
    refused(() => host.scriptFile("y"), "there is no host here");
    refused(() => host.readFile(3), "the path is 3: a text was expected");
    host.debug(1);
    host.info("i");
    host.warn("w");
    host.error("e");
    return standIn.logged;
  });
  assert.deepEqual(log, [
    ["debug", "1"],
    ["info", "i"],
    ["warn", "w"],
    ["error", "e"],
  ]);
  // Afterwards, and after a failure, nobody answers any more.
  refused(
    () =>
      testing.host({}, () => {
        throw new PluginError("inside");
      }),
    "inside",
  );
  assert.deepEqual(host.config(), {});
  refused(() => host.readFile("/show/a.txt"), "there is no host here");
  assert.deepEqual([host.env("SHOW"), host.fileExists("/x"), host.listFiles("/x")], [null, false, []]);
});

test("a body that ends later keeps its answers until then", async () => {
  const seen = await testing.host({ env: { A: "b" } }, async () => {
    await Promise.resolve();
    return host.env("A");
  });
  assert.deepEqual([seen, host.env("A")], ["b", null]);
});

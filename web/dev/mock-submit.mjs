// The made-up farm's answers to the submit form: a root with scenes in it, what one of them says of itself, and what a
// job would run. It is a tool to look at the page with, as `mock-server.mjs` is.

const ROOT = "/projects";
const TREE = {
  "/projects": ["harvest/", "lighthouse/"],
  "/projects/harvest": ["shots/"],
  "/projects/harvest/shots": ["sq010_sh0040.blend", "sq010_sh0050.blend"],
  "/projects/lighthouse": ["main.blend", "comp.ma"],
};

export const OPTIONS = {
  type: "object",
  additionalProperties: false,
  properties: {
    engine: { enum: ["CYCLES", "BLENDER_EEVEE"], title: "Engine" },
    samples: { type: "integer", minimum: 1, maximum: 65536, title: "Samples", description: "For each pixel." },
    resolution: { type: "array", items: { type: "integer", minimum: 4 }, minItems: 2, maxItems: 2, title: "Resolution" },
    denoise: { type: "boolean", default: true, title: "Denoise" },
  },
};

function files(query) {
  const path = query.get("path");
  const names = path === null ? [`${ROOT}/`] : (TREE[path] ?? []).filter((name) => name.includes(query.get("search") ?? ""));
  const entries = names.map((name) => {
    const isDirectory = name.endsWith("/");
    const plain = isDirectory ? name.slice(0, -1) : name;
    const facts = isDirectory ? { bytes: null, plugins: [] } : { bytes: 41_300_000, plugins: [name.endsWith(".ma") ? "maya" : "blender"] };
    return { name: plain, path: path === null ? plain : `${path}/${plain}`, kind: isDirectory ? "directory" : "scene", modified: new Date().toISOString(), ...facts };
  });
  return { confined: true, path, root: path === null ? null : ROOT, entries, found: entries.length, left_out: 0, cut: false };
}

function plan(submission) {
  const name = submission.name ?? submission.scene.split("/").at(-1).split(".")[0];
  const frames = submission.frames ?? "1-120";
  const job = {
    user: null, dcc_version: null, layers: [], output: "//renders/beauty.####", options: {}, priority: 50, after: [], order: "forward", chunk: "auto",
    threads: null, skip_existing: false, limits: {}, levels: [], hooks: [], licences: [], needs: [], ...submission, name, frames, plugin: { name: "blender", version: null },
  };
  const args = ["-b", submission.scene, "--python", "render.py", "--", "--frames", frames];
  const command = { program: "/opt/blender/blender", args, env: [["OMP_NUM_THREADS", "8"]], cwd: "/projects" };
  const task = { layer: null, frames, command, files: [], outputs: ["/projects/renders/beauty.0001.exr"], more_outputs: 119 };
  return { job, notes: [], levels: [{ name: "full", summary: "as the job asks", needs: { memory_bytes: null, gpus: null }, problem: null, tasks: [task], more_tasks: 3 }] };
}

const planned = (name, standing, reason = null) => ({
  name, standing, reason, job: null, plugin: "blender", scene: `/projects/harvest/shots/${name}.blend`, frames: "1-120", layers: [], output: null, notes: [],
});
const BATCH = {
  name: "monday", workers: 3,
  jobs: [planned("sq010_sh0040", "complete", "job 12 has rendered it, and the images of its 120 frames are in place"), planned("sq010_sh0050", "new")],
};

/** Answers what the form asks; false where it is none of that. */
export function answer(request, path, query, json) {
  if (path === "/files") json(files(query));
  else if (path === "/scenes/inspect") {
    const layers = ["beauty", "shadow", "utility"].map((name) => ({ name, enabled: name !== "utility" }));
    json({ path: query.get("path"), bytes: 41_300_000, modified: new Date().toISOString(), plugins: ["blender"], scenes: [{ name: "Scene", frames: "1-120", layers }], unread: [] });
  } else if ((path === "/jobs" || path === "/batches/file") && request.method === "POST") {
    let body = "";
    request.on("data", (text) => (body += text));
    request.on("end", () => {
      if (query.has("dry_run")) json(path === "/jobs" ? plan(JSON.parse(body)) : BATCH);
      else json({ title: "Not possible here", status: 409, detail: "this farm is made up, and renders nothing" }, 409, "application/problem+json");
    });
  } else return false;
  return true;
}

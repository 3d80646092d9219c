// Paths as text, on the node's own system: a plugin runs in WebAssembly, and its paths may be Windows paths. Nothing
// here looks at a disk or resolves `..`.

// What follows the last dot is an extension only where it has letters or digits alone and not digits only, so that
// `shot.####` and `shot.0001` have none.
const EXTENSION = /^[^]+\.([0-9]*[A-Za-z][A-Za-z0-9]*)$/;

/** Whether the path starts at a root: `/x`, `C:\x`, `C:/x`, `\\server\share`. */
export function isAbsolute(path) {
  return /^(?:[/\\]|[A-Za-z]:[/\\])/.test(path);
}

/** The directory and the last component: `/a/b.png` gives `["/a", "b.png"]`. A path that ends in a separator has an
 * empty last component. */
export function split(path) {
  const at = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  if (at < 0) return ["", path];
  const isRoot = at === 0 || (at === 2 && /^[A-Za-z]:[/\\]/.test(path));
  return [path.slice(0, isRoot ? at + 1 : at), path.slice(at + 1)];
}

/** The last component without its extension: `shot.v2` of `/a/shot.v2.blend`, `shot.####` of `/a/shot.####`. */
export function stem(path) {
  const name = split(path)[1];
  const found = EXTENSION.exec(name);
  return found ? name.slice(0, name.length - found[1].length - 1) : name;
}

/** The last component's extension without its dot: `blend` of `/a/shot.v2.blend`, null of `/a/shot.0001`. */
export function extension(path) {
  return EXTENSION.exec(split(path)[1])?.[1] ?? null;
}

/** The path with this extension where it has none of its own; as it is otherwise. */
export function withExtension(path, wanted) {
  return extension(path) === null ? `${path}.${wanted.replace(/^\./, "")}` : path;
}

/** `child` inside `directory`, with the separator that the directory uses. */
export function join(directory, child) {
  if (directory === "" || isAbsolute(child)) return child;
  if (/[/\\]$/.test(directory)) return directory + child;
  const separator = directory.includes("\\") && !directory.includes("/") ? "\\" : "/";
  return `${directory}${separator}${child}`;
}

/** A name that is safe as one component of a path on every system. */
export function safeName(name) {
  const safe = name.replace(/[\x00-\x1f\x7f-\x9f/\\:*?"<>|]/g, "_");
  return /^\.*$/.test(safe) ? "_".repeat(Math.max(safe.length, 1)) : safe;
}

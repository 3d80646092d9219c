/**
 * The way from a root to a directory inside it, for either kind of slash.
 */
export interface Crumb {
  readonly name: string;
  readonly path: string;
}

/** The root first, by its whole path, then every directory on the way; nothing for the list of roots. */
export function crumbs(root: string | null, path: string | null): Crumb[] {
  if (root === null || path === null) return [];
  const trail: Crumb[] = [{ name: root, path: root }];
  if (!path.startsWith(root)) return trail;
  let at = root;
  for (const part of path.slice(root.length).split(/([\\/])/)) {
    at += part;
    if (part !== "" && part !== "/" && part !== "\\") trail.push({ name: part, path: at });
  }
  return trail;
}

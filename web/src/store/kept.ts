/** Small choices that this browser remembers. Where it may not, such as in a private window, they are forgotten. */

export function kept(name: string): string | null {
  try {
    return localStorage.getItem(`farmhand.${name}`);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`farmhand.${name}`);
    else localStorage.setItem(`farmhand.${name}`, value);
  } catch {
    // Then the choice holds until the page is closed.
  }
}

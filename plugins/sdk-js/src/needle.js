// Finds a text that every line with a pattern must hold. It is only a matter of speed: where that cannot be told, the
// text is empty, which every line holds.

/** The longest such text. */
export function needleOf(pattern) {
  if (pattern.flags.includes("i") || pattern.flags.includes("v")) return "";
  const source = pattern.source;
  let best = "";
  let current = "";
  const end = () => {
    if (current.length > best.length) best = current;
    current = "";
  };
  let at = 0;
  while (at < source.length) {
    const char = source[at];
    if (char === "|") return "";
    if (char === "(") {
      end();
      at = afterGroup(source, at);
    } else if (char === "[") {
      end();
      at = afterClass(source, at);
    } else if (char === "*" || char === "?") {
      // What stands before it may be missing.
      current = current.slice(0, -1);
      end();
      at += 1;
    } else if (char === "{") {
      current = current.slice(0, -1);
      end();
      const close = source.indexOf("}", at);
      at = close < 0 ? source.length : close + 1;
    } else if (char === "+" || char === ".") {
      end();
      at += 1;
    } else if (char === "^" || char === "$") {
      at += 1;
    } else if (char === "\\") {
      const escaped = source[at + 1] ?? "";
      if (/[A-Za-z0-9]/.test(escaped)) {
        end();
        at = afterEscape(source, at);
      } else {
        current += escaped;
        at += 2;
      }
    } else {
      // Half of a character outside the basic plane cannot be told from a whole one: leave it out.
      if (char >= "\ud800" && char <= "\udfff") end();
      else current += char;
      at += 1;
    }
  }
  end();
  return best;
}

/** Where the group that begins here ends. */
function afterGroup(source, at) {
  let depth = 0;
  for (let i = at; i < source.length; i += 1) {
    if (source[i] === "\\") i += 1;
    else if (source[i] === "[") i = afterClass(source, i) - 1;
    else if (source[i] === "(") depth += 1;
    else if (source[i] === ")") {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return source.length;
}

/** Where the class of characters that begins here ends. */
function afterClass(source, at) {
  for (let i = at + 1; i < source.length; i += 1) {
    if (source[i] === "\\") i += 1;
    else if (source[i] === "]") return i + 1;
  }
  return source.length;
}

/** Where the escape of a letter or digit that begins here ends. */
function afterEscape(source, at) {
  const rest = source.slice(at);
  const found = /^\\(?:u\{[^}]*\}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|c[A-Za-z]|[pPk][{<][^}>]*[}>]|\d+|.)/.exec(rest);
  return at + (found ? found[0].length : 1);
}

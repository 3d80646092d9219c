// UTF-8, and the two classes of the web for it: QuickJS has neither.

// What the runner hands itself from one instance to the next begins with this where it needs no decoding.
const PLAIN = " ";

/** A text as bytes that `unpacked` reads quickly: the script is read in each instance. */
export function packed(text) {
  const isPlain = !/[^\x00-\x7f]/.test(text);
  return encoded(isPlain ? PLAIN + text : text);
}

/** The text that was packed. It does not begin with a space, and does now where it is plain. */
export function unpacked(bytes) {
  const latin = atob(bytes.toBase64());
  return latin[0] === PLAIN ? latin : decoded(bytes);
}

/** The text of these bytes. What is not UTF-8 becomes replacement characters, or an error where it is `fatal`. */
export function decoded(bytes, fatal = false) {
  // By way of base64, whose functions are the engine's own: a look at each byte here would take ten times as long.
  const latin = atob(bytes.toBase64());
  if (!/[\x80-\xff]/.test(latin)) return latin;
  try {
    return decodeURIComponent(escape(latin));
  } catch (error) {
    if (fatal) throw new TypeError("it is not UTF-8");
    return replaced(bytes);
  }
}

function replaced(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = sequence(bytes, at);
    text +=
      length === 0 ? "\ufffd" : decodeURIComponent(escape(String.fromCharCode(...bytes.subarray(at, at + length))));
    at += Math.max(length, 1);
  }
  return text;
}

/** How many bytes the character that begins here has; 0 where none begins. */
function sequence(bytes, at) {
  const first = bytes[at];
  const length =
    first < 0x80
      ? 1
      : first >= 0xc2 && first < 0xe0
        ? 2
        : first >= 0xe0 && first < 0xf0
          ? 3
          : first >= 0xf0 && first < 0xf5
            ? 4
            : 0;
  for (let next = 1; next < length; next += 1) if ((bytes[at + next] & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1];
  const isShort = (first === 0xe0 && second < 0xa0) || (first === 0xf0 && second < 0x90);
  const isBeyond = (first === 0xed && second >= 0xa0) || (first === 0xf4 && second >= 0x90);
  return length > 1 && (isShort || isBeyond) ? 0 : length;
}

/** The bytes of this text. */
export function encoded(text) {
  const latin = /[^\x00-\x7f]/.test(text) ? unescape(encodeURIComponent(whole(text))) : text;
  return Uint8Array.fromBase64(btoa(latin));
}

/** The text without halves of characters, which UTF-8 cannot hold. */
export function whole(text) {
  return text.isWellFormed() ? text : text.toWellFormed();
}

/** UTF-8 alone, as scripts need it. */
export class TextDecoder {
  #rest = new Uint8Array(0);
  #fatal;

  constructor(label = "utf-8", { fatal = false } = {}) {
    if (!/^utf-?8$/i.test(label)) throw new RangeError(`${label}: a plugin's TextDecoder knows UTF-8 only`);
    this.encoding = "utf-8";
    this.#fatal = fatal;
  }

  decode(input = new Uint8Array(0), { stream = false } = {}) {
    const bytes = ArrayBuffer.isView(input)
      ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
      : new Uint8Array(input);
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const end = stream ? all.length - unfinished(all) : all.length;
    this.#rest = all.slice(end);
    return decoded(all.subarray(0, end), this.#fatal);
  }
}

/** How many bytes at the end begin a character that goes on in the next part. */
function unfinished(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back];
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

/** UTF-8 alone, as scripts need it. */
export class TextEncoder {
  encoding = "utf-8";

  encode(text = "") {
    return encoded(String(text));
  }
}

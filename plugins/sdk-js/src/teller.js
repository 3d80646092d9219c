// Tells each warning and each fault once. DCCs repeat themselves on every frame and tile, and a reader that passed all
// of it on would bury what matters. What a line means is not its business.

import { Warned } from "./event.js";
import { quote } from "./text.js";

// So many different warnings of an attempt are told.
const MOST_WARNINGS = 200;
// The same for faults. They are counted apart, so that no flood of warnings hides one.
const MOST_FAULTS = 1000;

/** What a reader has told of one attempt. Each method answers the event, or null where it is no news. */
export class Teller {
  #warnings = new Set();
  #faults = new Set();

  /** Tells a warning once, as long as a quote may be. */
  warn(warning) {
    const quoted = quote(warning);
    if (this.#warnings.has(quoted) || this.#warnings.size >= MOST_WARNINGS) return null;
    this.#warnings.add(quoted);
    return new Warned(quoted);
  }

  /** Tells a fault once in the attempt; `key` is what tells it from others, its message by default. */
  fault(fault, key = fault.message) {
    return this.#tell(JSON.stringify([key]), fault);
  }

  /** Tells a fault once for each frame; `key` is what tells it from others of the frame. */
  faultOfFrame(fault, key = fault.message) {
    return this.#tell(JSON.stringify([key, fault.frame]), fault);
  }

  #tell(key, fault) {
    if (this.#faults.has(key) || this.#faults.size >= MOST_FAULTS) return null;
    this.#faults.add(key);
    return fault;
  }
}

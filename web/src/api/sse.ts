/**
 * The `text/event-stream` format: text in, messages out. It knows nothing of connections.
 */

export interface SseMessage {
  /** The event's name; `message` where the stream names none. */
  name: string;
  data: string;
  /** The id to resume after; absent where the stream gave none so far. */
  id: string | null;
}

export class SseParser {
  private rest = "";
  private name = "";
  private data: string[] = [];
  private id: string | null = null;
  private hasNewId = false;
  private afterReturn = false;

  /** Takes the next piece of the stream, cut wherever it happens to be cut. */
  push(chunk: string): SseMessage[] {
    let text = chunk;
    if (this.afterReturn && text.startsWith("\n")) text = text.slice(1);
    if (text !== "") this.afterReturn = text.endsWith("\r");
    const lines = (this.rest + text).split(/\r\n|\n|\r/);
    this.rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.line(line) ?? []);
  }

  private line(line: string): SseMessage | null {
    if (line === "") return this.dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.name = value;
    else if (field === "data") this.data.push(value);
    else if (field === "id" && !value.includes("\0")) {
      this.id = value;
      this.hasNewId = true;
    }
    return null;
  }

  private dispatch(): SseMessage | null {
    const { name, data, hasNewId } = this;
    this.name = "";
    this.data = [];
    this.hasNewId = false;
    // A block with an event name but no data is still a sign, such as `event: missed`, and an id alone says where the stream is.
    if (data.length === 0 && name === "" && !hasNewId) return null;
    return { name: name === "" ? "message" : name, data: data.join("\n"), id: this.id };
  }
}

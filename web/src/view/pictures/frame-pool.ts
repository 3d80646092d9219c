/**
 * Frames that the player has ready: fetched a few at a time, what is next first, and kept as long as there is room. A
 * fetch that nobody needs any more is given up, and the daemon with it stops decoding.
 */
export interface Loaded {
  readonly bitmap: ImageBitmap;
  readonly bytes: number;
}

/** What a browser can be asked to hold as decoded pictures. */
const MOST_BYTES = 256 * 1024 * 1024;
/** A browser has six connections to a host; the page needs some itself, and the daemon decodes two at once. */
const AT_ONCE = 3;

export class FramePool {
  private readonly ready = new Map<string, Loaded>();
  private readonly failed = new Set<string>();
  private readonly fetching = new Map<string, AbortController>();
  private wanted: readonly string[] = [];
  private bytes = 0;

  /** `load` fetches and decodes what is at an address; `changed` is called when something has come. */
  constructor(
    private readonly load: (address: string, signal: AbortSignal) => Promise<Loaded>,
    private readonly changed: () => void,
    private readonly most = MOST_BYTES,
  ) {}

  get(address: string): ImageBitmap | undefined {
    return this.ready.get(address)?.bitmap;
  }

  /** Whether it was asked for and is not to be had. */
  isFailed(address: string): boolean {
    return this.failed.has(address);
  }

  /** Fetches these in this order, and gives up what is not among them. */
  want(addresses: readonly string[]): void {
    this.wanted = addresses;
    for (const [address, abort] of this.fetching) {
      if (!addresses.includes(address)) abort.abort();
    }
    this.next();
  }

  /** How many of these addresses are ready, one after the other. */
  inRow(addresses: readonly string[]): number {
    const at = addresses.findIndex((address) => !this.ready.has(address));
    return at < 0 ? addresses.length : at;
  }

  close(): void {
    this.want([]);
    for (const { bitmap } of this.ready.values()) bitmap.close();
    this.ready.clear();
  }

  private next(): void {
    for (const address of this.wanted) {
      if (this.fetching.size >= AT_ONCE) return;
      if (this.ready.has(address) || this.failed.has(address) || this.fetching.has(address)) continue;
      // What is further away must not push out what is nearer.
      if (this.bytes >= this.most && !this.makeRoom()) return;
      const abort = new AbortController();
      this.fetching.set(address, abort);
      void this.fetch(address, abort.signal);
    }
  }

  private async fetch(address: string, signal: AbortSignal): Promise<void> {
    try {
      const loaded = await this.load(address, signal);
      if (signal.aborted) return loaded.bitmap.close();
      this.ready.set(address, loaded);
      this.bytes += loaded.bytes;
      while (this.bytes > this.most && this.makeRoom());
    } catch {
      if (!signal.aborted) this.failed.add(address);
    } finally {
      this.fetching.delete(address);
      this.changed();
      this.next();
    }
  }

  /** Lets one go that is not wanted; false where all of them are. */
  private makeRoom(): boolean {
    for (const [address, { bitmap, bytes }] of this.ready) {
      if (this.wanted.includes(address)) continue;
      this.ready.delete(address);
      this.bytes -= bytes;
      bitmap.close();
      return true;
    }
    return false;
  }
}

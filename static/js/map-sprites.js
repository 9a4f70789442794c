// Small thumbnails, asked for as they come into sight, many at a time, and forgotten when there are too many.
import { readHead } from "./map-points.js";

const PER_REQUEST = 64;
const MOST_REQUESTS = 3;
const MOST_KEPT = 4000;

export class Sprites {
  #kept = new Map(); // id -> ImageBitmap, or null where there is none; the oldest first
  #wanted = new Set();
  #asked = new Set();
  #numRequests = 0;
  #timer = 0;

  constructor(url, loaded) {
    this.url = url;
    this.loaded = loaded;
  }

  // The thumbnail of an image, or null; one that is missing is asked for.
  get(id) {
    const found = this.#kept.get(id);
    if (found !== undefined) return found;
    if (!this.#asked.has(id)) this.#wanted.add(id);
    return null;
  }

  // Called after each painting: what came into sight is asked for once the map rests for a moment.
  ask() {
    if (!this.#wanted.size || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#send();
    }, 60);
  }

  // What is out of sight again need not come.
  forgetWishes() {
    this.#wanted.clear();
  }

  #send() {
    while (this.#wanted.size && this.#numRequests < MOST_REQUESTS) {
      const ids = [...this.#wanted].slice(0, PER_REQUEST);
      for (const id of ids) {
        this.#wanted.delete(id);
        this.#asked.add(id);
      }
      this.#numRequests++;
      this.#fetch(ids).finally(() => {
        this.#numRequests--;
        this.#send();
      });
    }
  }

  async #fetch(ids) {
    try {
      const response = await fetch(`${this.url}?ids=${ids.join(",")}`);
      if (!response.ok) throw new Error(response.statusText);
      const found = await decode(await response.arrayBuffer());
      for (const id of ids) this.#keep(id, found.get(id) ?? null);
      this.loaded();
    } catch {
      for (const id of ids) this.#asked.delete(id); // the server is away: the next painting asks again
    }
  }

  #keep(id, bitmap) {
    this.#kept.set(id, bitmap);
    this.#asked.delete(id);
    if (this.#kept.size <= MOST_KEPT) return;
    const [oldest, gone] = this.#kept.entries().next().value;
    this.#kept.delete(oldest);
    gone?.close(); // its pixels are none of the heap's, so nothing would collect them soon
  }
}

async function decode(buffer) {
  const { head, start } = readHead(buffer);
  let end = start;
  const parts = head.sprites.map(([id, length]) => {
    const bytes = new Uint8Array(buffer, end, length);
    end += length;
    return createImageBitmap(new Blob([bytes], { type: "image/webp" })).then(
      (bitmap) => [id, bitmap],
      () => [id, null],
    );
  });
  return new Map(await Promise.all(parts));
}

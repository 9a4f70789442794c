// Dots written straight into the pixels of the stage: a hundred thousand drawing calls take a second, this takes a blink.
const OPAQUE = 250;

export class Dots {
  #stamps = new Map();

  resize(width, height) {
    this.image = new ImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  // Empties the layer and fills it with a color as the canvas names it.
  clear(color) {
    if (color !== this.color) this.ground = toPixel(color);
    this.color = color;
    this.pixels.fill(this.ground);
  }

  // Puts a stamp's middle at a pixel; `strength` 0..1 lets what is below shine through.
  put(stamp, x, y, strength) {
    const { half, dx, dy, colors, alphas } = this.#read(stamp);
    const { width, height } = this.image;
    const [left, top] = [Math.round(x), Math.round(y)];
    if (left < half || top < half || left >= width - half || top >= height - half) {
      this.#putClipped(stamp, left, top, strength);
      return;
    }
    const weight = Math.round(256 * strength);
    const start = top * width + left;
    for (let k = 0; k < colors.length; k++) {
      const at = start + dy[k] * width + dx[k];
      const alpha = (alphas[k] * weight) >> 8;
      this.pixels[at] = alpha >= OPAQUE ? colors[k] : blend(this.pixels[at], colors[k], alpha);
    }
  }

  #putClipped(stamp, left, top, strength) {
    const { dx, dy, colors, alphas } = this.#read(stamp);
    const { width, height } = this.image;
    for (let k = 0; k < colors.length; k++) {
      const [x, y] = [left + dx[k], top + dy[k]];
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const at = y * width + x;
      this.pixels[at] = blend(this.pixels[at], colors[k], alphas[k] * strength);
    }
  }

  paint(pen) {
    pen.putImageData(this.image, 0, 0);
  }

  // Forgets stamps that are drawn no more.
  forget() {
    this.#stamps.clear();
  }

  // The pixels of a stamp that are not empty, relative to its middle.
  #read(stamp) {
    let found = this.#stamps.get(stamp);
    if (found) return found;
    const { width, height } = stamp;
    const { data } = stamp.getContext("2d").getImageData(0, 0, width, height);
    const colors = new Uint32Array(data.buffer);
    const filled = [...colors.keys()].filter((k) => data[4 * k + 3] > 0);
    found = {
      half: Math.ceil(Math.max(width, height) / 2),
      dx: Int32Array.from(filled, (k) => (k % width) - (width >> 1)),
      dy: Int32Array.from(filled, (k) => Math.floor(k / width) - (height >> 1)),
      colors: Uint32Array.from(filled, (k) => (colors[k] | 0xff000000) >>> 0),
      alphas: Uint8Array.from(filled, (k) => data[4 * k + 3]),
    };
    this.#stamps.set(stamp, found);
    return found;
  }
}

// Mixes two pixels, alpha 0..255 of the upper one; red with blue at once, then green.
function blend(below, above, opacity) {
  const alpha = opacity + (opacity >> 7); // 0..256, so that a shift divides
  const rest = 256 - alpha;
  const sides = (((above & 0xff00ff) * alpha + (below & 0xff00ff) * rest) >>> 8) & 0xff00ff;
  const middle = ((((above >>> 8) & 0xff) * alpha + ((below >>> 8) & 0xff) * rest) >>> 8) << 8;
  return (0xff000000 | sides | middle) >>> 0;
}

function toPixel(color) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  pen.fillStyle = color;
  pen.fillRect(0, 0, 1, 1);
  return new Uint32Array(pen.getImageData(0, 0, 1, 1).data.buffer)[0];
}

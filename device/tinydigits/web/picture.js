// A picture of what the camera sees, and what lies over it.

import { request } from "./api.js";
import { draw, make, tell } from "./dom.js";

const WIDTHS = [320, 640, 960, 1280, 1920];
const LEAST_PAUSE = 500; // milliseconds: two pictures a second are as good as a film here
const FAILED_PAUSE = 5000; // milliseconds, where the device doesn't say how long
const PATIENCE = 20000; // milliseconds for a picture; one from a device that hangs never comes

/** The frame on a canvas, under lines in its own pixels (`over`) and words (`words`). */
export class Picture {
  constructor(place, label) {
    this.canvas = make("canvas", { role: "img", "aria-label": label });
    this.over = draw("svg", { class: "over", preserveAspectRatio: "none" });
    this.words = make("div", { class: "words" });
    this.empty = make("p", { class: "empty" }, "No frame yet.");
    this.place = place;
    this.place.append(this.canvas, this.over, this.words, this.empty);
    this.bitmap = null;
    this.width = 0;
    this.height = 0;
    this.onresize = () => {};
    new ResizeObserver(() => this.onresize()).observe(place);
  }

  /** Show a frame of this size; the bitmap may be a smaller copy. */
  show(bitmap, width, height) {
    const { canvas } = this;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
    }
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    this.bitmap?.close();
    this.bitmap = bitmap;
    this.empty.hidden = true;
    this.fit(width, height);
  }

  fit(width, height) {
    if (width === this.width && height === this.height) return;
    this.width = width;
    this.height = height;
    this.over.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.place.style.aspectRatio = `${width} / ${height}`;
    this.onresize();
  }

  /** Say why there is none. */
  miss(why) {
    if (!this.bitmap) tell(this.empty, why);
  }

  /** Pixels of the frame to one of the screen. */
  get scale() {
    return this.width / (this.over.getBoundingClientRect().width || this.width || 1);
  }

  /** Where in the frame a pointer is. */
  at(event) {
    const { left, top, width, height } = this.over.getBoundingClientRect();
    return [
      ((event.clientX - left) * this.width) / width,
      ((event.clientY - top) * this.height) / height,
    ];
  }

  /** Put words at a place of the frame. */
  put(element, x, y) {
    element.style.left = `${(100 * x) / this.width}%`;
    element.style.top = `${(100 * y) / this.height}%`;
    return element;
  }
}

/** Fetches frames for the picture that is seen, while anybody looks, and no faster than needed. */
export class Film {
  constructor() {
    this.picture = null;
    this.full = false;
    this.size = null;
    this.tag = "";
    this.busy = false;
    this.wanted = false;
    this.timer = 0;
    this.next = -Infinity;
  }

  /** From now on frames are for this picture, or for none. */
  turn(picture, full = false) {
    this.picture = picture;
    this.full = full;
    this.tag = "";
    this.again();
  }

  /** Whatever went wrong before is over. */
  again() {
    this.next = -Infinity;
    this.want();
  }

  /** There is a new frame, so wide and high. */
  news(frame) {
    this.size = frame;
    this.want();
  }

  /** A picture is wanted, as soon as that may be; while one is on its way, after it. */
  want() {
    this.wanted = true;
    if (this.busy) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.go(), Math.max(0, this.next - performance.now()));
  }

  async go() {
    if (!this.picture || !this.size || document.hidden) return;
    this.wanted = false;
    this.busy = true;
    this.next = performance.now() + LEAST_PAUSE;
    await this.fetch();
    this.busy = false;
    if (this.wanted) this.want();
  }

  async fetch() {
    const { picture, size } = this;
    try {
      const headers = this.tag ? { "if-none-match": this.tag } : {};
      const response = await request(`frame.jpg?width=${this.width(picture, size)}`, {
        headers,
        quiet: true,
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (response.status === 304) return;
      const bitmap = await createImageBitmap(await response.blob());
      if (picture !== this.picture) return;
      this.tag = response.headers.get("etag") ?? "";
      picture.show(bitmap, size.width, size.height);
    } catch (error) {
      picture.miss(error.message);
      if (picture !== this.picture || error.status === 401) return; // nobody is there to see it
      this.next = performance.now() + (1000 * error.wait || FAILED_PAUSE);
      this.wanted = true;
    }
  }

  width(picture, size) {
    if (this.full) return size.width;
    const seen = picture.place.clientWidth * devicePixelRatio;
    return Math.min(size.width, WIDTHS.find((width) => width >= seen) ?? WIDTHS.at(-1));
  }
}

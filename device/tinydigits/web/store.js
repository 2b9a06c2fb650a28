// Where regions are kept: on the device, where others may change them, or in a file.

import { get, parsed, pause, request } from "./api.js";
import { make } from "./dom.js";

const LOOK = 250; // milliseconds between two looks whether the device has taken them over
const LOOKS = 20;

/** What the device has, as it was when it was last asked or told. */
export class Store {
  constructor() {
    this.body = ""; // as JSON
    this.tag = ""; // tells these regions from others; devices of before have none
    this.reloads = 0;
    this.writing = false;
  }

  /** Whether the device has these regions and this reference. */
  has(body) {
    return JSON.stringify(body) === this.body;
  }

  /** The regions of the device, whether they can be written, and what tells them from others. */
  async ask(options) {
    const response = await request("regions", options);
    const { regions, reference, writable, why_not } = parsed(await response.text());
    const tag = response.headers.get("etag") ?? "";
    return { body: { regions, reference }, writable, why_not, tag };
  }

  keep(body, tag) {
    this.body = JSON.stringify(body);
    this.tag = tag;
  }

  /**
   * Write, unless others have written since it was asked: that is refused with the status 412.
   * @param written called as soon as they are written.
   * @returns whether the device reads with them.
   */
  async write(body, written) {
    const sent = JSON.parse(JSON.stringify(body)); // a hand may go on drawing
    this.writing = true;
    try {
      const { reloads } = await get("status");
      const headers = this.tag ? { "if-match": this.tag } : {};
      const response = await request("regions", { method: "PUT", json: sent, headers });
      this.keep(sent, response.headers.get("etag") ?? "");
      written();
      return await this.isTaken(reloads);
    } finally {
      this.writing = false;
    }
  }

  async isTaken(before) {
    for (let look = 0; look < LOOKS; look += 1) {
      this.reloads = (await get("status")).reloads;
      if (this.reloads > before) return true;
      await pause(LOOK);
    }
    return false;
  }
}

/** Have the browser keep what a configuration takes: the regions, and the patch of the picture. */
export async function download(body, picture) {
  const response = await request("regions/toml", { method: "POST", json: body });
  save(await response.blob(), "regions.toml");
  if (body.reference && picture.bitmap)
    cutOut(picture, body.reference).toBlob((blob) => save(blob, "reference.png"));
}

function cutOut({ bitmap, width: whole }, { left, top, width, height }) {
  const canvas = make("canvas", { width, height });
  const shrunk = bitmap.width / whole;
  const part = [left, top, width, height].map((side) => side * shrunk);
  canvas.getContext("2d").drawImage(bitmap, ...part, 0, 0, width, height);
  return canvas;
}

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

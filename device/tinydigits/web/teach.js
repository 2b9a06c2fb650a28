// Teach it: doubtful digits as a grid, a key for each.

import { get, pause, request } from "./api.js";
import { find, make, percent, tell } from "./dom.js";

const MOST = 120; // pictures at a time: each is asked for by itself
const AT_ONCE = 4;
const PACE = 200; // milliseconds a picture for each of them: two thirds of what the device allows
const NONE = "none";
const WHY = { unsure: "unsure", rejected: "rejected", contradicted: "contradicted" };

export class Teach {
  constructor(root, counted) {
    this.root = root;
    this.counted = counted;
    this.grid = find(".crops", root);
    this.tiles = [];
    this.pictures = new Map(); // by names: a picture doesn't change
    this.at = 0;
    this.done = []; // what can be taken back, the last one at the end
    this.counts = { unlabelled: 0, labelled: 0 };
    this.writing = Promise.resolve();
    this.grid.addEventListener("keydown", (event) => this.key(event));
    find(".keys", root).append(...this.keypad());
    find(".again", root).addEventListener("click", () => this.load());
    find(".only", root).addEventListener("change", () => this.load());
  }

  open() {
    return this.load();
  }

  close() {}

  /** How many wait for a label, asked without a person waiting. */
  async count() {
    try {
      this.show(await get("crops?limit=0", { quiet: true }));
    } catch {
      this.counted(0);
    }
  }

  show({ unlabelled, labelled }) {
    this.counts = { unlabelled, labelled };
    tell(find(".counts", this.root), `${unlabelled} to label, ${labelled} labelled`);
    this.counted(unlabelled);
  }

  async load() {
    try {
      const found = await get(`crops?limit=${MOST}`);
      this.show(found);
      this.forget(found.crops.map((crop) => crop.name));
      const only = find(".only", this.root).checked;
      this.fill(found.crops.filter((crop) => !only || crop.label === null));
    } catch (error) {
      this.fill([]);
      tell(
        find(".empty", this.root),
        error.status === 404 ? `Nothing to label: ${error.message}.` : error.message,
      );
    }
  }

  fill(crops) {
    this.tiles = crops.map(
      (crop, place) => new Tile(crop, place, crops.length, () => this.move(place)),
    );
    this.done = [];
    this.grid.replaceChildren(...this.tiles.map((tile) => tile.element));
    find(".empty", this.root).hidden = crops.length > 0;
    find(".bench", this.root).hidden = !crops.length;
    tell(
      find(".empty", this.root),
      this.counts.labelled
        ? `All ${this.counts.labelled} are labelled.`
        : "No doubtful digits were kept yet. They come by themselves, as the device reads.",
    );
    this.at = 0;
    this.move(0, false);
    this.fetch(this.tiles);
  }

  /** Keep the pictures of these, and no others. */
  forget(names) {
    const kept = new Set(names);
    for (const [name, address] of this.pictures) {
      if (kept.has(name)) continue;
      URL.revokeObjectURL(address);
      this.pictures.delete(name);
    }
  }

  /** Show the pictures; those that aren't there yet are fetched, a few at once, from the top. */
  async fetch(tiles) {
    const waiting = tiles.filter((tile) => !this.pictured(tile));
    const next = async () => {
      while (waiting.length && tiles === this.tiles) {
        const tile = waiting.shift();
        const [wait] = await Promise.all([this.fetchOne(tile), pause(PACE)]);
        if (!wait) continue;
        waiting.unshift(tile);
        await pause(1000 * wait);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
  }

  /** Whether a tile's picture is there; it is shown then. */
  pictured(tile) {
    const address = this.pictures.get(tile.crop.name);
    if (address) tile.picture.src = address;
    return Boolean(address);
  }

  /** Fetch a picture; returns after how many seconds to ask again, where the device says so. */
  async fetchOne(tile) {
    const { name } = tile.crop;
    try {
      const response = await request(`crops/${encodeURIComponent(name)}`, { quiet: true });
      const picture = await response.blob();
      if (!this.pictures.has(name)) this.pictures.set(name, URL.createObjectURL(picture));
      this.pictured(tile);
      return 0;
    } catch (error) {
      if (error.status === 429) return error.wait || 1;
      tile.element.classList.add("missing");
      return 0;
    }
  }

  /** The digits, what is none, and the ways on; each says its key. */
  keypad() {
    const button = (words, key, action, small = "") =>
      make(
        "button",
        { type: "button", class: "key", "aria-keyshortcuts": key, onclick: action },
        words,
        small && make("small", {}, small),
      );
    const digits = [..."0123456789"].map((digit) => button(digit, digit, () => this.label(digit)));
    return [
      make("div", { class: "pad" }, ...digits),
      make(
        "div",
        { class: "pad ways" },
        button("as read", "Enter", () => this.labelAsRead(), "Enter"),
        button("no digit", "N", () => this.label(NONE), "N"),
        button("skip", "S", () => this.move(this.at + 1), "S"),
        button("undo", "U", () => this.undo(), "U"),
      ),
    ];
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const across = this.across();
    const ways = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across, s: 1 };
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key in ways) this.move(this.at + ways[key]);
    else if (key === "Home") this.move(0);
    else if (key === "End") this.move(this.tiles.length - 1);
    else if (/^\d$/.test(key)) this.label(key);
    else if (key === "n") this.label(NONE);
    else if (key === "u" || key === "Backspace") this.undo();
    else if (key === "Delete") this.label(null);
    else if (key === "Enter" || key === " ") this.labelAsRead();
    else return;
    event.preventDefault();
  }

  across() {
    const top = this.tiles[0]?.element.offsetTop;
    const next = this.tiles.findIndex((tile) => tile.element.offsetTop !== top);
    return next < 0 ? this.tiles.length : next;
  }

  /** Go to a picture; only that one is reached by Tab. */
  move(place, focus = true) {
    const { tiles } = this;
    if (!tiles.length || place < 0 || place >= tiles.length) return;
    tiles[this.at]?.current(false);
    this.at = place;
    tiles[place].current(true);
    if (focus) tiles[place].element.querySelector("button").focus();
  }

  labelAsRead() {
    const { read } = this.tiles[this.at].crop;
    if (/^\d$/.test(read)) this.label(read);
  }

  /** Say what the picture shows, and go on; what can't be written is said of it. */
  async label(label) {
    const place = this.at;
    const tile = this.tiles[place];
    const change = [place, tile.crop.label];
    this.done.push(change);
    if (label !== null) this.move(this.next(place));
    if (!(await this.write(tile, label))) this.done = this.done.filter((other) => other !== change);
  }

  async undo() {
    const last = this.done.pop();
    if (!last) return;
    const [place, before] = last;
    this.move(place);
    await this.write(this.tiles[place], before);
  }

  /** The next one without a label, or just the next one. */
  next(place) {
    const found = this.tiles.findIndex((tile, other) => other > place && tile.crop.label === null);
    return found < 0 ? Math.min(place + 1, this.tiles.length - 1) : found;
  }

  /** Write a label, after those before it; whether that worked. */
  async write(tile, label) {
    const before = tile.crop.label;
    tile.label(label);
    const written = this.writing.then(() => this.put(tile, label, before));
    this.writing = written;
    return written;
  }

  async put(tile, label, before) {
    try {
      await request(`crops/${encodeURIComponent(tile.crop.name)}/label`, {
        method: "PUT",
        json: { label },
      });
    } catch (error) {
      tile.label(before);
      tell(find(".message", this.root), error.message);
      return false;
    }
    tell(find(".message", this.root), "");
    const change = (before === null ? 0 : 1) - (label === null ? 0 : 1);
    this.show({
      unlabelled: this.counts.unlabelled + change,
      labelled: this.counts.labelled - change,
    });
    return true;
  }
}

class Tile {
  constructor(crop, place, of, pressed) {
    this.crop = { ...crop };
    this.place = place + 1;
    this.of = of;
    this.picture = make("img", { alt: "", width: 96, height: 96 });
    this.given = make("span", { class: "given" });
    const why = WHY[crop.why] ?? "";
    this.button = make(
      "button",
      { type: "button", tabindex: "-1", onclick: pressed },
      this.picture,
      this.given,
      make(
        "span",
        { class: "note" },
        crop.read ? `read ${crop.read}, ${percent(crop.confidence)}` : "not read",
      ),
      make("span", { class: "note" }, [crop.region, why].filter(Boolean).join(", ") || "\u00a0"),
    );
    this.element = make("li", {}, this.button);
    this.label(crop.label);
  }

  label(label) {
    this.crop.label = label;
    const words = label === null ? "" : label === NONE ? "no digit" : label;
    tell(this.given, words);
    this.element.classList.toggle("labelled", label !== null);
    this.element.classList.toggle("none", label === NONE);
    const { region, read, confidence } = this.crop;
    this.button.setAttribute(
      "aria-label",
      [
        `Picture ${this.place} of ${this.of}`,
        region,
        read ? `read as ${read}, ${percent(confidence)} sure` : "not read",
        words ? `labelled ${words}` : "not labelled",
      ]
        .filter(Boolean)
        .join(", "),
    );
  }

  current(is) {
    this.button.tabIndex = is ? 0 : -1;
    this.element.classList.toggle("current", is);
  }
}

// Set up by looking: regions are drawn into the live picture, and what is read in them is seen.

import { get } from "./api.js";
import { find, make, tell } from "./dom.js";
import { Editor, REFERENCE } from "./editor.js";
import { inMiddle, renamed, someBox, turned } from "./geometry.js";
import { Panel } from "./panel.js";
import { Picture } from "./picture.js";
import { Store, download } from "./store.js";

const PAUSE = 150; // milliseconds between a change and its reading
const AGAIN = 5000; // milliseconds after which a reading is old
const JOINED = 1000; // milliseconds within which presses of a key are one change
const MOST_UNDONE = 100;

export class Setup {
  constructor(root) {
    this.root = root;
    this.regions = [];
    this.reference = null;
    this.readings = [];
    this.trouble = "";
    this.store = new Store();
    this.undone = [];
    this.lastKey = "";
    this.lastChange = 0;
    this.trying = false;
    this.tryAgain = false;
    this.timer = 0;
    this.proposals = 0;
    this.loaded = false;
    this.opened = false;
    this.picture = new Picture(
      find(".picture", root),
      "What the camera sees, with the regions that are read",
    );
    this.editor = new Editor(this.picture, this);
    this.picture.onresize = () => this.resized();
    this.panel = new Panel(find(".regions", root), this);
    this.wire();
  }

  wire() {
    const on = (name, action) =>
      find(`.${name}`, this.root).addEventListener("click", () => this.doing(action));
    on("add", () => this.add(inMiddle(this.picture, (12 * this.regions.length) % 60)));
    on("propose", () => this.propose());
    on("undo", () => this.undo());
    on("revert", () => this.load());
    on("download", () => download(this.body, this.picture));
    on("write", () => this.write());
    find(".follow", this.root).addEventListener("change", (event) =>
      this.doing(() => this.follow(event.target.checked)),
    );
    this.onkey = (event) => this.key(event);
    addEventListener("beforeunload", (event) => {
      if (this.loaded && this.dirty) event.preventDefault();
    });
  }

  get body() {
    return { regions: this.regions, reference: this.reference };
  }

  get dirty() {
    return !this.store.has(this.body);
  }

  /** Wherever the focus has gone to, as what had it may be gone; a field undoes by itself. */
  key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "z") return;
    if (event.target.matches("input:not([type=checkbox])") || find("dialog[open]")) return;
    event.preventDefault();
    this.undo();
  }

  /** The view is opened. */
  async open() {
    this.opened = true;
    document.addEventListener("keydown", this.onkey);
    clearInterval(this.ticking);
    this.ticking = setInterval(() => {
      if (!document.hidden && this.dirty) this.try();
    }, AGAIN);
    await this.refresh();
    if (this.opened) this.try();
  }

  close() {
    this.opened = false;
    document.removeEventListener("keydown", this.onkey);
    this.editor.cancel();
    clearInterval(this.ticking);
    clearTimeout(this.timer);
    this.timer = 0;
  }

  /** How the device is: where it has read its configuration again, its regions may be others. */
  told({ reloads }) {
    const again = reloads !== this.store.reloads;
    this.store.reloads = reloads;
    if (again && this.opened) this.refresh();
  }

  /** Show the regions that the device has now, unless somebody's work would be lost by that. */
  async refresh() {
    if (!this.loaded) return this.doing(() => this.load());
    const inWork = () => this.dirty || this.store.writing;
    if (inWork()) return undefined;
    const found = await this.store.ask({ quiet: true }).catch(() => null); // it is told elsewhere
    if (!found || inWork()) return undefined;
    if (!this.store.has(found.body)) return this.show(found);
    return this.store.keep(found.body, found.tag);
  }

  async load() {
    this.proposals += 1;
    this.show(await this.store.ask());
    this.say("");
  }

  /** Go on from what the device has, which nothing before it can be taken back to. */
  show({ body, writable, why_not, tag }, undone = []) {
    this.loaded = true;
    this.undone = undone;
    this.take(body);
    this.store.keep(body, tag);
    this.writable = writable;
    tell(
      find(".why-not", this.root),
      writable ? "" : `This can be downloaded, not written: ${why_not}.`,
    );
    this.changed();
  }

  take({ regions, reference }) {
    this.regions = regions;
    this.reference = reference;
    this.readings = [];
    this.trouble = "";
    this.editor.selected = regions.length ? 0 : null;
    this.panel.render();
    this.editor.render();
  }

  /** Do what a button asks for, and tell what goes wrong. */
  async doing(action) {
    try {
      await action();
    } catch (error) {
      this.say(error.message, true);
    }
  }

  say(text, bad = false) {
    const place = find(".message", this.root);
    place.classList.toggle("bad", bad);
    tell(place, text);
  }

  /**
   * Something is about to change: what was is kept, once for changes that belong together.
   * @param key what keys are pressed for, which change the same again and again.
   */
  change(key = "") {
    const now = performance.now();
    if (!key || key !== this.lastKey || now - this.lastChange > JOINED) {
      this.undone.push(JSON.stringify(this.body));
      if (this.undone.length > MOST_UNDONE) this.undone.shift();
    }
    this.lastKey = key;
    this.lastChange = now;
  }

  /** Something changed: read again, and show what can be done now. */
  changed() {
    const { dirty } = this;
    find(".undo", this.root).disabled = !this.undone.length;
    find(".revert", this.root).disabled = !dirty;
    find(".write", this.root).disabled = !dirty || !this.writable || this.store.writing;
    find(".follow", this.root).checked = this.reference !== null;
    this.panel.update();
    this.soon();
  }

  /** Read in a moment: a hand that goes on moving is followed, not waited for. */
  soon() {
    this.timer ||= setTimeout(() => {
      this.timer = 0;
      this.try();
    }, PAUSE);
  }

  undo() {
    const before = this.undone.pop();
    this.lastKey = "";
    if (before) this.take(JSON.parse(before));
    this.changed();
  }

  /** There is a picture now, or it has another size. */
  resized() {
    const without = !this.picture.width; // nothing has a place yet
    find(".add", this.root).disabled = without;
    find(".follow", this.root).disabled = without;
    this.editor.update();
  }

  select(which) {
    if (which === this.editor.selected) return;
    this.editor.select(which);
    this.panel.update();
  }

  add(corners) {
    this.change();
    const names = this.regions.map((region) => region.name);
    let number = this.regions.length + 1;
    while (names.includes(`number${number}`)) number += 1;
    const name = this.regions.length ? `number${number}` : "number";
    this.regions.push({ name, corners, digits: 0, polarity: "auto", cells: false });
    this.readings.length = this.regions.length - 1;
    this.restructured(this.regions.length - 1);
  }

  remove(which) {
    this.change();
    if (which === REFERENCE) this.reference = null;
    else {
      this.regions.splice(which, 1);
      this.readings.splice(which, 1);
    }
    this.restructured(
      this.regions.length ? Math.max(0, Math.min(which, this.regions.length - 1) || 0) : null,
    );
    if (!this.regions.length) find(".add", this.root).focus();
  }

  turn(which) {
    this.change();
    this.regions[which].corners = turned(this.regions[which].corners);
    this.editor.update();
    this.changed();
  }

  restructured(selected) {
    this.editor.selected = selected;
    this.panel.render();
    this.editor.render();
    this.editor.focus(selected);
    this.changed();
  }

  async follow(wanted) {
    try {
      const found = await this.proposed(wanted);
      if (!found) return;
      this.change();
      this.reference = wanted ? (found.reference ?? someBox(this.picture)) : null;
      this.editor.render();
      if (wanted) this.editor.focus(REFERENCE);
      this.changed();
    } finally {
      find(".follow", this.root).checked = this.reference !== null;
    }
  }

  /** What the device proposes; nothing where a person has asked for something else meanwhile. */
  async proposed(wanted = true) {
    this.proposals += 1;
    const number = this.proposals;
    const found = wanted ? await get("regions/propose", { method: "POST" }) : {};
    return number === this.proposals ? found : null;
  }

  async propose() {
    this.say("Looking for numbers…");
    const found = await this.proposed();
    if (!found) return this.say("");
    if (!found.regions.length)
      return this.say("Nothing in the picture looks like a number. Draw a region around it.", true);
    this.change();
    this.take({ regions: renamed(found.regions, this.regions), reference: found.reference });
    this.changed();
    return this.say(`${found.regions.length} found: look whether they are what you want to read.`);
  }

  /** Read the last frame with the regions as they are drawn. */
  async try() {
    if (this.trying) {
      this.tryAgain = true;
      return;
    }
    if (!this.loaded) return;
    this.trying = true;
    this.tryAgain = false;
    const { regions } = this;
    const asked = JSON.stringify(this.body);
    try {
      const { readings, trouble } = await get("regions/try", {
        method: "POST",
        json: this.body,
        quiet: true,
      });
      if (this.regions === regions && this.regions.length) this.readings = readings;
      this.trouble = trouble;
      tell(
        find(".trial", this.root),
        this.regions.length
          ? ""
          : `No region: the whole frame is read, as ${readings[0]?.text || "nothing"}.`,
      );
      this.failed(asked === JSON.stringify(this.body) ? "" : null);
    } catch (error) {
      if (error.status !== 429) this.failed(error.message);
      else this.tryAgain = true;
    }
    this.trying = false;
    this.editor.update();
    this.panel.update();
    if (this.tryAgain) this.soon();
  }

  /** What the device reads by itself is as good as a try, while nothing is changed. */
  news({ readings }) {
    if (!this.loaded || this.dirty) return;
    this.readings = this.regions.map(({ name }) =>
      readings.find((reading) => reading.region === name),
    );
    this.editor.update();
    this.panel.update();
  }

  failed(why) {
    if (why !== null) tell(find(".refused", this.root), why);
  }

  async write() {
    this.say("Writing…");
    try {
      const written = this.store.write(this.body, () => this.changed());
      this.changed();
      if (await written) this.say("Written: the device reads with these regions now.");
      else this.say("Written, but the device hasn't taken it over yet: its log says why.", true);
    } catch (error) {
      if (error.status !== 412) throw error;
      this.refused();
    } finally {
      this.changed();
    }
  }

  /** Others were first: nothing is written, and nothing that was drawn is lost. */
  refused() {
    this.say(
      "Not written: the regions were changed elsewhere meanwhile. What you drew is still here. ",
      true,
    );
    find(".message", this.root).append(
      make(
        "button",
        { type: "button", class: "plain", onclick: () => this.doing(() => this.loadOthers()) },
        "Load the others",
      ),
    );
  }

  async loadOthers() {
    const found = await this.store.ask();
    this.change();
    this.show(found, this.undone);
    this.say("These are the others. Undo brings back what you drew.");
  }
}

// What is read now: a value a region, how sure it is, what came before, and the frame it is from.

import { get, request } from "./api.js";
import { chart, table } from "./chart.js";
import { ago, bar, clock, draw, find, make, mark, percent, tell } from "./dom.js";
import { Picture } from "./picture.js";

const KEPT = 120; // readings in a line, about as many as can be told apart in it
const ASKED = 1000; // the most that the device tells at once
const SAY_PAUSE = 10000; // milliseconds between two values that are read out

export class Live {
  constructor(root) {
    this.root = root;
    this.values = find(".values", root);
    this.picture = new Picture(find(".picture", root), "What the camera sees");
    this.picture.onresize = () => this.overlay();
    this.cards = new Map();
    this.latest = null;
    this.since = 0;
    this.said = "";
    this.sayAt = 0;
  }

  /** The readings before the page was opened. */
  async begin(signal) {
    const { latest, history } = await get(`readings?limit=${ASKED}`, { signal });
    signal.throwIfAborted();
    for (const card of this.cards.values()) card.past = [];
    for (const row of history) this.card(row.region).add(row);
    if (latest) this.take(latest);
    this.render();
    return latest;
  }

  /** Readings of a new frame. */
  take(latest) {
    const again =
      latest.frame.sequence === this.latest?.frame.sequence &&
      latest.frame.wall === this.latest?.frame.wall;
    this.latest = latest;
    this.since = performance.now();
    const names = latest.readings.map((reading) => reading.region);
    for (const [name, card] of this.cards) if (!names.includes(name)) this.drop(name, card);
    for (const reading of latest.readings)
      this.card(reading.region).take(reading, latest.frame, again);
  }

  card(name) {
    if (!this.cards.has(name)) {
      const card = new Card(name);
      this.cards.set(name, card);
      this.values.append(card.element);
      find(".nothing", this.root).hidden = true;
    }
    return this.cards.get(name);
  }

  drop(name, card) {
    card.element.remove();
    this.cards.delete(name);
  }

  /** Bring the page up to date. */
  render() {
    if (!this.latest) return;
    const { frame, readings } = this.latest;
    for (const reading of readings) this.cards.get(reading.region).render();
    tell(
      find(".seen", this.root),
      `Frame ${frame.sequence}, ${clock(frame.wall)}, ${frame.width} × ${frame.height} pixels`,
    );
    this.picture.fit(frame.width, frame.height);
    this.overlay();
    this.say(readings);
  }

  /** Once a second: only ages change. */
  tick() {
    const elapsed = (performance.now() - this.since) / 1000;
    for (const card of this.cards.values()) card.tick(elapsed);
  }

  overlay() {
    const { picture, latest } = this;
    if (!latest || !picture.width) return;
    picture.over.replaceChildren(...latest.readings.flatMap((reading) => outlines(reading)));
    picture.words.replaceChildren(...latest.readings.flatMap((reading) => words(reading, picture)));
  }

  /** Read out values that changed, calmly. */
  say(readings) {
    const values = readings
      .filter((reading) => reading.verdict.value !== null)
      .map((reading) => `${reading.region} ${reading.verdict.value}`)
      .join(", ");
    const now = performance.now();
    if (values === this.said || now < this.sayAt) return;
    this.said = values;
    this.sayAt = now + SAY_PAUSE;
    tell(find("#said"), values);
  }
}

class Card {
  constructor(name) {
    this.name = name;
    this.past = [];
    this.reading = null;
    this.drawn = 0;
    this.value = make("p", { class: "value" }, "–");
    this.verdict = make("p", { class: "verdict" });
    this.digits = make("ol", { class: "digits" });
    this.why = make("p", { class: "why" });
    this.age = make("span", { class: "age" });
    this.chart = make("div", { class: "plot" });
    this.rows = make("div", {
      class: "scroll",
      tabindex: "0",
      role: "region",
      "aria-label": `Last readings of ${name}`,
    });
    this.folded = make(
      "details",
      { ontoggle: () => this.list() },
      make("summary", {}, "Last readings"),
      this.rows,
    );
    const correct = make(
      "button",
      { type: "button", class: "plain", onclick: () => askForValue(this) },
      "Correct",
      make("span", { class: "hidden" }, ` ${name}`),
    );
    this.element = make(
      "article",
      { class: "number-card" },
      make("div", { class: "row" }, make("h3", {}, name), this.verdict),
      this.value,
      make("div", { class: "row" }, this.age, correct),
      this.digits,
      this.why,
      this.chart,
      this.folded,
    );
    new ResizeObserver(() => this.plot()).observe(this.chart);
  }

  add(row) {
    this.past.push(row);
    if (this.past.length > KEPT) this.past.shift();
  }

  take(reading, frame, again) {
    this.reading = reading;
    const { status, value, text, reasons } = reading.verdict;
    if (again || (this.past.at(-1)?.wall ?? -1) >= frame.wall) return;
    this.add({
      wall: frame.wall,
      text,
      value,
      status,
      reason: reasons.map((reason) => reason.text).join("; "),
    });
  }

  render() {
    const { verdict, confidence, digits, text } = this.reading;
    this.element.dataset.status = verdict.status;
    tell(this.value, verdict.value === null ? "–" : String(verdict.value));
    this.verdict.replaceChildren(mark(verdict.status), verdict.status);
    tell(this.why, verdict.reasons.map((reason) => reason.text).join("; "));
    this.digits.setAttribute(
      "aria-label",
      `Reads ${text || "nothing"}, ${percent(confidence)} sure`,
    );
    this.digits.replaceChildren(...digits.map(digitCell), sureness(confidence, digits.length));
    this.tick(0);
    this.plot();
    if (this.folded.open) this.list();
  }

  tick(elapsed) {
    const age = this.reading?.verdict.age ?? null;
    tell(this.age, age === null ? "nothing was accepted yet" : `seen ${ago(age + elapsed)}`);
  }

  plot() {
    const width = this.chart.clientWidth;
    if (width) this.chart.replaceChildren(chart(this.past, width));
  }

  list() {
    if (this.folded.open) this.rows.replaceChildren(table(this.past));
  }
}

/** A digit as it was read, and how sure that is. */
export function digitCell(digit) {
  const value = digit.value === null ? "?" : String(digit.value);
  const what = value === "?" ? "no digit" : value;
  const told = `${what}, ${percent(digit.confidence)} sure${digit.rejected ? ", rejected" : ""}`;
  return make(
    "li",
    { class: digit.rejected ? "digit doubtful" : "digit", title: told },
    make("span", { class: "read", "aria-hidden": "true" }, value),
    bar(digit.confidence),
    make("span", { class: "sure", "aria-hidden": "true" }, (100 * digit.confidence).toFixed(0)),
    make("span", { class: "hidden" }, told),
  );
}

/** How sure all digits are together. */
export function sureness(confidence, digits) {
  if (!digits) return make("li", { class: "together" }, "nothing is found");
  return make(
    "li",
    { class: "together" },
    make("span", { class: "read" }, percent(confidence)),
    bar(confidence),
    make("span", { class: "sure" }, "sure"),
  );
}

const points = (corners) => corners.map((corner) => corner.join(",")).join(" ");

function outlines({ corners, digits, verdict }) {
  const found = [];
  if (corners)
    for (const kind of ["halo", "outline"])
      found.push(draw("polygon", { class: `${kind} ${verdict.status}`, points: points(corners) }));
  for (const { box, rejected } of digits) {
    const [x, y, width, height] = box;
    for (const kind of ["halo", "box"])
      found.push(
        draw("rect", { class: `${kind} ${rejected ? "doubtful" : ""}`, x, y, width, height }),
      );
  }
  return found;
}

const LEAST_APART = 44; // CSS pixels from digit to digit that it takes to write how sure each is

function words(reading, picture) {
  const { scale } = picture;
  const middles = reading.digits.map(({ box }) => box[0] + box[2] / 2).sort((a, b) => a - b);
  const apart = middles.slice(1).map((middle, place) => (middle - middles[place]) / scale);
  const roomy = apart.reduce((sum, way) => sum + way, 0) >= LEAST_APART * apart.length;
  const found = reading.digits.map((digit) => {
    const [x, y, width, height] = digit.box;
    const value = digit.value === null ? "?" : String(digit.value);
    const chip = make(
      "span",
      { class: digit.rejected ? "chip digit-chip doubtful" : "chip digit-chip" },
      make("b", {}, value),
    );
    if (roomy) chip.append(make("small", {}, (100 * digit.confidence).toFixed(0)));
    return picture.put(chip, x + width / 2, Math.min(picture.height - 16 * scale, y + height));
  });
  const corners = reading.corners ?? [[0, 0]];
  const top = Math.min(...corners.map((corner) => corner[1]));
  const left = Math.min(...corners.map((corner) => corner[0]));
  const chip = make(
    "span",
    { class: `chip name-chip ${reading.verdict.status}` },
    mark(reading.verdict.status),
    `${reading.region} ${reading.text || "nothing"} `,
    make("small", {}, percent(reading.confidence)),
  );
  const inside = top < 24 * scale; // else it would hang over the edge
  chip.classList.toggle("inside", inside);
  return [...found, picture.put(chip, Math.max(0, left), Math.max(0, top))];
}

/** A person says what a display shows: that is accepted at once. */
function askForValue(card) {
  const dialog = find("#confirm");
  const field = find("input", dialog);
  tell(find("h2", dialog), `What does ${card.name} show?`);
  tell(find(".trouble", dialog), "");
  field.value = String(card.reading?.verdict.value ?? card.reading?.text ?? "");
  find("form", dialog).onsubmit = async (event) => {
    if (event.submitter?.value !== "accept") return;
    event.preventDefault();
    try {
      await request("confirm", {
        method: "POST",
        json: { region: card.name, value: field.value.trim() },
      });
      dialog.close();
    } catch (error) {
      tell(find(".trouble", dialog), error.message);
    }
  };
  dialog.showModal();
  field.select();
}

// The list of regions beside the picture: what each is called, what is known of it, what it reads.

import { bar, find, make, mark, percent, tell } from "./dom.js";

const MOST_DIGITS = 100; // as the configuration has it
const MOST_REASONS = 2;
const INKS = { auto: "find out", dark: "dark on light", light: "light on dark" };

export class Panel {
  constructor(root, plan) {
    this.root = root;
    this.plan = plan;
    this.items = [];
  }

  /** Make the list anew, as there are other regions now. */
  render() {
    this.items = this.plan.regions.map((region, which) => this.item(region, which));
    this.root.replaceChildren(...this.items.map((item) => item.element));
    this.update();
  }

  item(region, which) {
    const { plan } = this;
    const id = (what) => `region-${which}-${what}`;
    const set = (name, value) => {
      plan.change(`${name} ${which}`);
      plan.regions[which][name] = value;
      if (name === "name") plan.editor.render();
      plan.changed();
    };
    const name = make("input", {
      id: id("name"),
      value: region.name,
      maxlength: 100,
      required: true,
      autocomplete: "off",
      spellcheck: "false",
      oninput: (event) => {
        if (event.target.value.trim()) set("name", event.target.value.trim());
      },
    });
    const digits = make("input", {
      id: id("digits"),
      type: "number",
      min: 0,
      max: MOST_DIGITS,
      value: region.digits || "",
      placeholder: "find out",
      inputmode: "numeric",
      oninput: (event) => {
        if (event.target.validity.valid) set("digits", Math.round(Number(event.target.value) || 0));
      },
    });
    const options = Object.entries(INKS).map(([value, words]) =>
      make("option", { value, selected: value === region.polarity }, words),
    );
    const ink = make(
      "select",
      { id: id("ink"), onchange: (event) => set("polarity", event.target.value) },
      ...options,
    );
    const cells = make("input", {
      id: id("cells"),
      type: "checkbox",
      checked: region.cells,
      onchange: (event) => set("cells", event.target.checked),
    });
    const button = (words, action) =>
      make(
        "button",
        { type: "button", class: "plain", onclick: action },
        words,
        make("span", { class: "hidden" }, ` ${region.name}`),
      );
    const field = (label, control) =>
      make("div", { class: "field" }, make("label", { for: control.id }, label), control);
    const reads = make("div", { class: "reads" });
    const why = make("p", { class: "why" });
    const element = make(
      "li",
      {
        class: "region",
        onfocusin: () => plan.select(which),
        onpointerdown: () => plan.select(which),
      },
      reads,
      why,
      make(
        "div",
        { class: "fields" },
        field("Name", name),
        field("Digits", digits),
        field("Ink", ink),
      ),
      make(
        "div",
        { class: "check" },
        cells,
        make("label", { for: cells.id }, "Drums: its digits have fixed places side by side"),
      ),
      make(
        "div",
        { class: "row" },
        button("Turn", () => plan.turn(which)),
        button("Remove", () => plan.remove(which)),
      ),
    );
    return { element, reads, why, name };
  }

  /** Show what is read now. */
  update() {
    const { plan } = this;
    this.items.forEach(({ element, reads, why, name }, which) => {
      const region = plan.regions[which];
      const reading = plan.readings[which];
      const twice = plan.regions.filter((other) => other.name === region.name).length > 1;
      name.setCustomValidity(twice ? "Two regions have this name" : "");
      element.classList.toggle("selected", which === plan.editor.selected);
      const drums = region.cells && !region.digits;
      const trouble = twice
        ? "another region has this name"
        : drums
          ? "drums have to be counted: say how many digits"
          : "";
      reads.replaceChildren(...readingParts(reading));
      tell(why, trouble || shortened(reading?.reasons ?? []));
      why.hidden = !why.textContent;
    });
    const words = plan.reference ? plan.trouble : "";
    tell(find(".patch-trouble", plan.root), words);
  }
}

/** Why a reading is doubtful, as far as anybody wants to read that. */
function shortened(reasons) {
  const more = reasons.length - MOST_REASONS;
  return reasons.slice(0, MOST_REASONS).join("; ") + (more > 0 ? `; and ${more} more` : "");
}

function readingParts(reading) {
  if (!reading) return [make("span", { class: "value" }, "…")];
  const status = reading.rejected ? "rejected" : "accepted";
  return [
    make("span", { class: "value" }, reading.text.replaceAll("\n", " / ") || "nothing"),
    make(
      "span",
      { class: `verdict ${status}` },
      mark(status),
      reading.rejected ? "doubtful" : "clear",
      ` ${percent(reading.confidence)}`,
    ),
    bar(reading.confidence),
  ];
}

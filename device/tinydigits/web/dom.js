// Making elements and words; whatever comes from the device enters as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** An element with attributes (`onclick` and its like are listeners) and children. */
export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same of SVG. */
export function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

export const find = (selector, root = document) => root.querySelector(selector);

/** Set text only where it changes, so that selections stay and nothing is painted anew. */
export function tell(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const MARKS = {
  accepted: [["circle", { cx: 8, cy: 8, r: 5, class: "full" }]],
  waiting: [["circle", { cx: 8, cy: 8, r: 4.5, class: "hollow" }]],
  rejected: [["path", { d: "M4 4L12 12M12 4L4 12", class: "hollow" }]],
};

/** The mark of a verdict: its shape says the same as its colour. */
export function mark(status) {
  const shapes = (MARKS[status] ?? []).map(([tag, attributes]) => draw(tag, attributes));
  const attributes = { class: `mark ${status}`, viewBox: "0 0 16 16", "aria-hidden": "true" };
  return draw("svg", attributes, ...shapes);
}

/** A share as text and as a bar. */
export function bar(share, attributes = {}) {
  const width = Math.round(1000 * Math.min(1, Math.max(0, share))) / 10;
  return draw(
    "svg",
    {
      class: "bar",
      viewBox: "0 0 100 4",
      preserveAspectRatio: "none",
      "aria-hidden": "true",
      ...attributes,
    },
    draw("rect", { class: "rest", width: 100, height: 4 }),
    draw("rect", { class: "part", width, height: 4 }),
  );
}

export function percent(share) {
  const hundredths = 100 * share;
  // 99.96 % is not certain
  const fine = hundredths >= 99 && hundredths < 100;
  return `${fine ? Math.min(99.9, hundredths).toFixed(1) : hundredths.toFixed(0)} %`;
}

export function duration(seconds) {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  if (seconds < 7200) return `${(seconds / 60).toFixed(0)} min`;
  if (seconds < 172800) return `${(seconds / 3600).toFixed(0)} h`;
  return `${(seconds / 86400).toFixed(0)} days`;
}

/** An age that is told each second; under a second is now. */
export const ago = (seconds) => (seconds < 1.5 ? "now" : `${whole(seconds)} ago`);

/** A duration that is told each second. */
export const whole = (seconds) => (seconds < 120 ? `${Math.round(seconds)} s` : duration(seconds));

export const count = (number) => number.toLocaleString("en");

export function clock(wall, withDay = false) {
  const day = withDay ? { month: "short", day: "numeric" } : {};
  return new Date(1000 * wall).toLocaleTimeString([], {
    ...day,
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
}

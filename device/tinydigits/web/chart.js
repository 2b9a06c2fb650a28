// The last readings of one number as a line; the shape of a mark tells what was not accepted.

import { clock, draw, make } from "./dom.js";

const HEIGHT = 120; // CSS pixels, as all of these
const TOP = 10;
const BOTTOM = 24;
const SIDE = 8;
const LETTER = 7; // a digit's width
const CROSS = 4;

const POINT = 3; // as wide as a reading has to be, to be told from the next

/** The number that digits stand for, with as many decimals as accepted ones have, if it is one. */
function numberOf(text, decimals) {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text.replace(".", "")) / 10 ** decimals : null;
}

/** Draw what is past, oldest first, into a chart of this width: as much as fits. */
export function chart(all, width) {
  const past = all.slice(-Math.floor(width / POINT));
  const values = past.map((row) => (row.value === null ? null : Number(row.value)));
  const known = values.filter((value) => value !== null);
  const svg = draw("svg", {
    class: "chart",
    viewBox: `0 0 ${width} ${HEIGHT}`,
    height: HEIGHT,
    role: "img",
    "aria-label": described(past),
  });
  if (!past.length || !known.length) {
    svg.append(
      draw(
        "text",
        { x: SIDE, y: HEIGHT / 2 },
        past.length ? "Nothing was accepted yet." : "No readings yet.",
      ),
    );
    return svg;
  }
  const scale = scales(past, known, width);
  svg.append(
    draw("path", { class: "rule", d: `M${scale.left} ${HEIGHT - BOTTOM}H${width - SIDE}` }),
    draw("path", { class: "line", d: line(past, values, scale) }),
    ...past.map((row, place) => marked(row, values[place], scale)),
    ...labels(past, scale, width),
  );
  return svg;
}

function scales(past, known, width) {
  const low = known.reduce((a, b) => Math.min(a, b));
  const high = known.reduce((a, b) => Math.max(a, b));
  const decimals = Math.max(
    ...past.map(({ value }) => (value === null ? 0 : (String(value).split(".")[1] ?? "").length)),
  );
  const words = [high.toFixed(decimals), low.toFixed(decimals)];
  const left = SIDE + LETTER * Math.max(...words.map((word) => word.length)) + 8;
  const first = past[0].wall;
  const span = past.at(-1).wall - first || 1;
  const room = HEIGHT - TOP - BOTTOM;
  const spread = high - low;
  return {
    left,
    low,
    high,
    words,
    decimals,
    x: (wall) => left + ((wall - first) / span) * (width - SIDE - left - CROSS),
    // what was read wrongly may be anywhere: it is drawn at the edge that it is beyond
    y: (value) =>
      TOP + room * (spread ? 1 - Math.min(1, Math.max(0, (value - low) / spread)) : 0.5),
  };
}

/** A value holds until another is accepted. */
function line(past, values, { x, y }) {
  let path = "";
  let at = null;
  past.forEach((row, place) => {
    const value = values[place];
    if (value === null) return;
    const [right, down] = [x(row.wall).toFixed(1), y(value).toFixed(1)];
    if (at === null) path += `M${right} ${down}`;
    else path += at === down ? `H${right}` : `H${right}V${down}`;
    at = down;
  });
  return path;
}

function marked(row, value, { x, y, low, decimals }) {
  const right = x(row.wall);
  const read = numberOf(row.text, decimals);
  const down = y(row.status === "accepted" ? value : (read ?? low));
  const title = draw("title", {}, `${clock(row.wall)}: ${row.text || "nothing"}, ${row.status}`);
  if (row.status === "rejected") {
    const c = CROSS;
    const d = `M${right - c} ${down - c}l${2 * c} ${2 * c}m0 ${-2 * c}l${-2 * c} ${2 * c}`;
    return draw("path", { class: "cross", d }, title);
  }
  const accepted = row.status === "accepted";
  return draw(
    "circle",
    { class: accepted ? "dot" : "ring", cx: right, cy: down, r: accepted ? 1.75 : 3.25 },
    title,
  );
}

function labels(past, { left, words, high, low, y }, width) {
  const at = { x: left - 8, "text-anchor": "end" };
  const base = HEIGHT - 7;
  const found = [draw("text", { ...at, y: y(high) + 4 }, words[0])];
  if (high !== low) found.push(draw("text", { ...at, y: y(low) + 4 }, words[1]));
  found.push(draw("text", { x: left, y: base }, clock(past[0].wall)));
  if (past.length > 1)
    found.push(
      draw("text", { x: width - SIDE, y: base, "text-anchor": "end" }, clock(past.at(-1).wall)),
    );
  return found;
}

function described(past) {
  const said = (status) => past.filter((row) => row.status === status).length;
  if (!past.length) return "No readings yet";
  const counts = ["accepted", "waiting", "rejected"].map((status) => `${said(status)} ${status}`);
  return `The last ${past.length} readings: ${counts.join(", ")}`;
}

/** The same as a table, the newest first, for those who would rather read. */
export function table(past, most = 30) {
  const rows = past
    .slice(-most)
    .reverse()
    .map((row) =>
      make(
        "tr",
        {},
        make("td", { class: "number" }, clock(row.wall)),
        make("td", { class: "number" }, row.text || "nothing"),
        make("td", { class: row.status }, row.status),
        make("td", {}, row.reason || ""),
      ),
    );
  const head = ["When", "Read", "Verdict", "Why"].map((word) => make("th", { scope: "col" }, word));
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}

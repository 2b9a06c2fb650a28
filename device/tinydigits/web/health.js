// How the device is, in words first.

import { ago, count, duration, find, make, tell, whole } from "./dom.js";

const MEBI = 2 ** 20;

const LATELY = 60000; // milliseconds: what was lost before is history

/** What was lost by each output when it was last looked at, and when more was lost than before. */
const losses = new Map();

function isLosing(name, dropped) {
  const known = losses.get(name);
  const now = performance.now();
  const at = known && dropped > known.dropped ? now : (known?.at ?? -Infinity);
  losses.set(name, { dropped, at });
  return now - at < LATELY;
}

/** What needs a look, one sentence each; `health` is the device's own word on whether it reads. */
export function troubles(status, health) {
  const found = [];
  if (status.camera.trouble) found.push(`camera: ${status.camera.trouble}`);
  else if (health === "no frames") found.push(withoutFrames(status));
  for (const [name, output] of Object.entries(status.outputs)) {
    const losing = isLosing(name, output.dropped);
    if (output.trouble) found.push(`${name}: ${output.trouble}`);
    else if (losing)
      found.push(
        `${name}: is losing something, ${count(output.dropped)} so far: ` +
          "whoever takes it is too slow, or gone",
      );
  }
  return found;
}

function withoutFrames({ state, last_frame }) {
  if (state.startsWith("no frames")) return state;
  return `no frames: the last one is ${whole(last_frame ?? 0)} old`;
}

/** Show it and what is wrong; `elapsed` seconds after it was asked for, `seen` after a frame. */
export function showHealth(root, { status, health, found, timing, elapsed, seen }) {
  tell(
    find(".summary", root),
    found.length
      ? `${found.length} ${found.length === 1 ? "thing needs" : "things need"} a look.`
      : health === "starting"
        ? "No frame was read yet."
        : "All is well.",
  );
  find(".troubles", root).replaceChildren(...found.map((trouble) => make("li", {}, trouble)));
  find(".figures", root).replaceChildren(
    figure(
      status.fps < 10 ? status.fps.toFixed(2) : status.fps.toFixed(0),
      "frames a second",
      `${count(status.frames)} since the start`,
    ),
    figure(
      seen === null ? "–" : ago(seen),
      "the last frame",
      `${status.camera.source}, restarted ${count(status.camera.restarts)} times`,
    ),
    figure(
      timing ? `${timing.toFixed(timing < 10 ? 1 : 0)} ms` : "–",
      "to read a frame",
      `model ${status.model.name}, ${status.model.sha256.slice(0, 12)}`,
    ),
    figure(
      `${(status.memory / MEBI).toFixed(0)} MiB`,
      "of memory",
      `running for ${duration(status.uptime + elapsed)}`,
    ),
  );
  find(".facts", root).replaceChildren(...facts(status));
}

function figure(value, what, note) {
  return make(
    "div",
    {},
    make("dt", {}, what),
    make("dd", { class: "value" }, value),
    make("dd", { class: "note" }, note),
  );
}

function facts(status) {
  const of = (counts) =>
    Object.entries(counts)
      .map(([name, number]) => `${count(number)} ${name.replaceAll("_", " ")}`)
      .join(", ") || "none yet";
  const outputs = Object.entries(status.outputs).map(
    ([name, output]) =>
      `${name}: ${output.trouble || "works"}, ${count(output.waiting)} waiting, ` +
      `${count(output.dropped)} lost`,
  );
  const rows = [
    ["State", status.state],
    ["Verdicts", of(status.verdicts)],
    ["Not accepted because", of(status.rejected)],
    ["Outputs", outputs],
    [
      "Model",
      `${status.model.name}, SHA-256 ${status.model.sha256}` +
        (status.model.trial ? `, on trial: ${status.model.trial}` : ""),
    ],
    ["Configuration", `read again ${count(status.reloads)} times`],
    ["Program", `tinydigits ${status.version}, process ${status.pid}`],
  ];
  return rows.flatMap(([name, what]) => [
    make("dt", {}, name),
    ...[what].flat().map((line) => make("dd", {}, line)),
  ]);
}

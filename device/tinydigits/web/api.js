// Asking the device, with the token where it wants one, and hearing of what it reads.

import { find, tell } from "./dom.js";

const ROOT = "/api/v1/";
const KEY = "tinydigits-token";

/**
 * An answer that is not what was asked for; `status` is 0 where there was none at all, `wait` how
 * many seconds the device wants to be left alone.
 */
export class Refused extends Error {
  constructor(status, message, wait = 0) {
    super(message);
    this.status = status;
    this.wait = wait;
  }
}

/** So many milliseconds. */
export const pause = (time) =>
  new Promise((resolve) => {
    setTimeout(resolve, time);
  });

let asking = null;

/**
 * Ask; resolves to the response.
 * @param quiet whether no person waits for it: then none is asked for the token.
 */
export async function request(
  path,
  { method = "GET", json, headers = {}, signal, quiet = false } = {},
) {
  // a token that may be wrong isn't used up while its owner looks it up: the device counts those
  if (quiet && asking) throw new Refused(401, "the device wants its token");
  for (;;) {
    const shown = sessionStorage.getItem(KEY);
    const response = await fetched(ROOT + path, {
      method,
      signal,
      cache: "no-store",
      credentials: "omit",
      body: json === undefined ? undefined : JSON.stringify(json),
      headers: {
        ...(json === undefined ? {} : { "content-type": "application/json" }),
        ...(shown ? { authorization: `Bearer ${shown}` } : {}),
        ...headers,
      },
    });
    if (response.ok || response.status === 304) return response;
    const wait = Number(response.headers.get("retry-after")) || 0;
    const refused = new Refused(response.status, await reason(response), wait);
    if (response.status !== 401 || quiet) throw refused;
    if (sessionStorage.getItem(KEY) === shown)
      await askForToken(shown ? "That is not its token." : "");
  }
}

async function fetched(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "the device can't be reached");
  }
}

async function reason(response) {
  try {
    return (await response.json()).error;
  } catch {
    return `the device answers ${response.status}`;
  }
}

/** Ask for JSON. */
export async function get(path, options) {
  return parsed(await (await request(path, options)).text());
}

/** Whether it reads: "reading", "idle", "starting" or "no frames", as whoever alerts hears it. */
export async function health(signal) {
  const response = await fetched("/healthz", { signal, cache: "no-store", credentials: "omit" });
  if (!response.ok && response.status !== 503)
    throw new Refused(response.status, await reason(response));
  return (await response.json()).state;
}

/** Numbers under `value` are kept as they were written: 472.100 has three decimals. */
export function parsed(text) {
  return JSON.parse(text, (key, value, context) =>
    key === "value" && typeof value === "number" ? (context?.source ?? String(value)) : value,
  );
}

/** Ask for the token, once however many wait for it; the refusal of a person is passed on. */
function askForToken(trouble) {
  asking ??= new Promise((resolve, reject) => {
    const dialog = find("#token");
    const field = find("input", dialog);
    tell(find(".trouble", dialog), trouble);
    field.value = "";
    dialog.returnValue = "";
    dialog.addEventListener(
      "close",
      () => {
        asking = null;
        if (dialog.returnValue === "show" && field.value) {
          sessionStorage.setItem(KEY, field.value.trim());
          resolve();
        } else {
          sessionStorage.removeItem(KEY); // or it would be shown again and again, and counted
          reject(new Refused(401, "the device wants its token"));
        }
        field.value = "";
      },
      { once: true },
    );
    dialog.showModal();
  });
  return asking;
}

/**
 * Hear of readings until the connection ends, which is told by an error.
 * @param hear called with each.
 * @param heard called as soon as the device agrees to tell, and whenever anything comes.
 */
export async function events(hear, signal, heard) {
  const response = await request("events", { signal, quiet: true });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  heard();
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true }));
    if (done) throw new Refused(0, "the device has ended the connection");
    heard();
    waiting = (waiting + value).replaceAll("\r\n", "\n");
    const whole = waiting.split("\n\n");
    waiting = whole.pop();
    for (const event of whole) hearEvent(event, hear);
  }
}

function hearEvent(event, hear) {
  const lines = event.split("\n");
  const of = (field) =>
    lines
      .filter((line) => line.startsWith(`${field}:`))
      .map((line) => line.slice(field.length + 1).replace(/^ /, ""));
  if (of("event").at(-1) === "reading") hear(parsed(of("data").join("\n")));
}

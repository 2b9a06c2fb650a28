// The page: its views, the connection to the device, and what is told when that is lost.

import { Refused, events, get, health, pause, request } from "./api.js";
import { find, make, mark, tell, whole } from "./dom.js";
import { showHealth, troubles } from "./health.js";
import { Live } from "./live.js";
import { Film } from "./picture.js";
import { Setup } from "./setup.js";
import { Teach } from "./teach.js";

const RENDER_PAUSE = 200; // milliseconds: nobody reads more than five values a second
const STATUS_PAUSE = 5000;
const COUNT_PAUSE = 30000;
const WAITS = [1000, 2000, 4000, 8000]; // before it is tried again
const TOLD = 10000; // milliseconds that a refusal stands beside its button
const SILENT = 40000; // milliseconds without even a comment, which comes each 15 s, are a dead line

class Page {
  constructor() {
    this.live = new Live(find("#view-live"));
    this.setup = new Setup(find("#view-setup"));
    this.teach = new Teach(find("#view-teach"), (unlabelled) => this.count(unlabelled));
    this.film = new Film();
    this.status = null;
    this.health = "starting";
    this.statusAt = 0;
    this.news = null;
    this.lostSince = null;
    this.connection = null;
    this.connected = false;
    this.asking = false;
    this.refused = 0;
  }

  begin() {
    addEventListener("hashchange", () => this.view());
    document.addEventListener("visibilitychange", () => this.connect());
    find(".read-now").addEventListener("click", () => this.readNow());
    find(".retry").addEventListener("click", () => this.connect());
    setInterval(() => this.tick(), 1000);
    setInterval(() => {
      if (this.connected) this.askAgain();
    }, STATUS_PAUSE);
    setInterval(() => {
      if (this.connected) this.teach.count();
    }, COUNT_PAUSE);
    this.view();
    this.connect();
  }

  get views() {
    return { live: this.live, setup: this.setup, teach: this.teach };
  }

  /** Show what the address says; no element has its name, or the browser would scroll there. */
  view() {
    const name = location.hash.slice(1) in this.views ? location.hash.slice(1) : "live";
    this.opened?.close?.();
    for (const other of Object.keys(this.views)) {
      find(`#view-${other}`).hidden = other !== name;
      const link = find(`nav a[href="#${other}"]`);
      if (other === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    this.opened = this.views[name];
    this.film.turn(this.opened.picture ?? null, name === "setup");
    if (this.ready) this.opened.open?.();
    this.live.overlay();
  }

  /** Connect anew, and again and again while somebody looks. */
  async connect() {
    this.connection?.abort();
    this.connection = null;
    this.connected = false;
    if (document.hidden) return;
    this.connection = new AbortController();
    const { signal } = this.connection;
    for (let tried = 0; !signal.aborted; tried += 1) {
      try {
        await this.hear(signal, () => {
          tried = 0;
          this.found();
        });
      } catch (error) {
        if (signal.aborted) return;
        this.lost(error);
        if (error.status === 401) return; // a person has to come back
        await pause(Math.max(WAITS[Math.min(tried, WAITS.length - 1)], 1000 * error.wait));
      }
    }
  }

  /** What ends meanwhile, as the page is hidden or a person tries again, leaves nothing behind. */
  async hear(signal, connected) {
    await this.askStatus(signal);
    const latest = await this.live.begin(signal);
    if (latest) {
      this.live.since -= 1000 * (this.status.last_frame ?? 0);
      this.film.news(latest.frame);
    }
    if (this.ready) this.opened.refresh?.();
    else {
      this.ready = true;
      this.teach.count();
      this.opened.open?.();
    }
    const silence = new AbortController();
    const end = () => silence.abort();
    let timer = 0;
    signal.addEventListener("abort", end, { signal: silence.signal });
    const heard = () => {
      if (!this.connected) connected(); // not before: there may be too many who hear of it
      clearTimeout(timer);
      timer = setTimeout(end, SILENT);
    };
    try {
      await events((news) => this.take(news), silence.signal, heard);
    } catch (error) {
      if (error.name !== "AbortError" || signal.aborted) throw error;
      throw new Refused(0, "the device has fallen silent");
    } finally {
      clearTimeout(timer);
      end();
    }
  }

  take(news) {
    this.live.take(news);
    this.setup.news(news);
    this.film.news(news.frame);
    if (this.news) {
      this.news = news;
      return;
    }
    this.news = news;
    setTimeout(() => {
      this.news = null;
      this.live.render();
    }, RENDER_PAUSE);
  }

  async askStatus(signal, quiet = false) {
    const status = await get("status", { signal, quiet });
    const word = await health(signal);
    signal.throwIfAborted();
    this.status = status;
    this.health = word;
    this.setup.told(status);
    this.statusAt = performance.now();
    this.tell();
  }

  /** One question at a time: a device that hangs would have the browser run out of connections. */
  async askAgain() {
    if (this.asking) return;
    this.asking = true;
    try {
      await this.askStatus(this.connection.signal, true);
    } catch {
      // whether the device is lost is for who hears of readings
    } finally {
      this.asking = false;
    }
  }

  lost(error) {
    this.connected = false;
    this.lostSince ??= performance.now();
    this.why = error.message;
    this.locked = error.status === 401;
    this.tell();
  }

  found() {
    this.connected = true;
    this.lostSince = null;
    this.locked = false;
    this.film.again();
    this.tell();
  }

  tick() {
    if (!this.lostSince) this.live.tick();
    this.tell();
  }

  /** How things are, in the head of the page. */
  tell() {
    const { status, lostSince } = this;
    const lost = lostSince !== null;
    const banner = find("#lost");
    banner.hidden = !lost;
    document.body.classList.toggle("stale", lost);
    if (lost) {
      const since = whole((performance.now() - lostSince) / 1000);
      tell(
        find(".why", banner),
        this.locked
          ? "This device shows what it reads to those who have its token."
          : `Connection lost: ${this.why}. What is below may be old.`,
      );
      tell(find("#health .summary"), "Not known at the moment.");
      tell(find(".retry", banner), this.locked ? "Enter the token" : `Try again (${since})`);
    }
    const found = status && !lost ? troubles(status, this.health) : [];
    const bad = lost || found.length > 0;
    const words = lost
      ? this.locked
        ? "token needed"
        : "not connected"
      : bad
        ? "needs a look"
        : status?.state || "connecting";
    const works = this.health === "reading" || this.health === "idle";
    const look = bad ? "rejected" : works ? "accepted" : "waiting";
    const state = find("#state");
    if (state.textContent !== words || !find(`.${look}`, state))
      state.replaceChildren(mark(look), words);
    if (status && !lost) {
      const timing = this.live.latest?.timing_ms.total;
      const now = performance.now();
      const seen = this.live.latest ? (now - this.live.since) / 1000 : status.last_frame;
      const elapsed = (now - this.statusAt) / 1000;
      showHealth(find("#health"), { status, health: this.health, found, timing, elapsed, seen });
    }
    document.title = lost ? "Not connected: tinydigits" : "tinydigits";
  }

  async readNow() {
    const button = find(".read-now");
    button.disabled = true;
    this.refuse("");
    try {
      await request("read-now", { method: "POST" });
    } catch (error) {
      this.refuse(`Not read: ${error.message}.`);
    }
    button.disabled = false;
  }

  /** Say beside the button why nothing comes of it, for as long as it takes to read that. */
  refuse(why) {
    tell(find(".not-read"), why);
    clearTimeout(this.refused);
    if (why) this.refused = setTimeout(() => this.refuse(""), TOLD);
  }

  count(unlabelled) {
    const place = find("nav .count");
    place.hidden = !unlabelled;
    place.replaceChildren(String(unlabelled), make("span", { class: "hidden" }, " to label"));
  }
}

new Page().begin();

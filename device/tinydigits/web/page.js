// The page: its views, the connection to the device, and what is told when that is lost.

import { Refused, events, get, request } from "./api.js";
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
const SILENT = 40000; // milliseconds without even a comment, which comes each 15 s, are a dead line

class Page {
  constructor() {
    this.live = new Live(find("#view-live"));
    this.setup = new Setup(find("#view-setup"));
    this.teach = new Teach(find("#view-teach"), (unlabelled) => this.count(unlabelled));
    this.film = new Film();
    this.status = null;
    this.statusAt = 0;
    this.news = null;
    this.lostSince = null;
    this.connection = null;
    this.connected = false;
  }

  begin() {
    addEventListener("hashchange", () => this.view());
    document.addEventListener("visibilitychange", () => this.connect());
    find(".read-now").addEventListener("click", () => this.readNow());
    find(".retry").addEventListener("click", () => this.connect());
    setInterval(() => this.tick(), 1000);
    setInterval(() => {
      if (this.connected) this.askStatus(true);
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
    const connection = new AbortController();
    this.connection = connection;
    for (let tried = 0; !connection.signal.aborted; tried += 1) {
      try {
        await this.hear(connection.signal, () => {
          tried = 0;
        });
      } catch (error) {
        if (connection.signal.aborted) return;
        this.lost(error);
        if (error.status === 401) return; // a person has to come back
        await new Promise((resolve) => {
          setTimeout(resolve, WAITS[Math.min(tried, WAITS.length - 1)]);
        });
      }
    }
  }

  async hear(signal, connected) {
    await this.askStatus();
    const latest = await this.live.begin();
    this.found();
    connected();
    if (latest) {
      this.live.since -= 1000 * (this.status.last_frame ?? 0);
      this.film.news(latest.frame);
    }
    if (!this.ready) {
      this.ready = true;
      this.teach.count();
      this.opened.open?.();
    }
    const silence = new AbortController();
    let timer = 0;
    signal.addEventListener("abort", () => silence.abort(), { once: true });
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENT);
    };
    try {
      await events((news) => this.take(news), silence.signal, heard);
    } catch (error) {
      if (error.name !== "AbortError" || signal.aborted) throw error;
      throw new Refused(0, "the device has fallen silent");
    } finally {
      clearTimeout(timer);
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

  async askStatus(quiet = false) {
    try {
      this.status = await get("status", { quiet });
      this.statusAt = performance.now();
      this.tell();
    } catch (error) {
      if (!quiet) throw error;
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
    const found = status && !lost ? troubles(status) : [];
    const bad = lost || found.length > 0;
    const words = lost
      ? this.locked
        ? "token needed"
        : "not connected"
      : bad
        ? "needs a look"
        : status?.state || "connecting";
    const state = find("#state");
    if (state.textContent !== words)
      state.replaceChildren(mark(bad ? "rejected" : status ? "accepted" : "waiting"), words);
    if (status && !lost) {
      const timing = this.live.latest?.timing_ms.total;
      const now = performance.now();
      const seen = this.live.latest ? (now - this.live.since) / 1000 : status.last_frame;
      showHealth(find("#health"), status, found, timing, (now - this.statusAt) / 1000, seen);
    }
    document.title = lost ? "Not connected: tinydigits" : "tinydigits";
  }

  async readNow() {
    const button = find(".read-now");
    button.disabled = true;
    try {
      await request("read-now", { method: "POST" });
    } catch (error) {
      this.lost(error);
    }
    button.disabled = false;
  }

  count(unlabelled) {
    const place = find("nav .count");
    place.hidden = !unlabelled;
    place.replaceChildren(String(unlabelled), make("span", { class: "hidden" }, " to label"));
  }
}

new Page().begin();

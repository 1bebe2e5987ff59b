"use strict";
(() => {
const byId = (id) => document.getElementById(id);
const album = JSON.parse(byId("album").textContent);
const songs = album.songs;

// ---------------------------------------------------------------- helpers

/** Make an element; texts become text, never markup. */
function make(tag, settings = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function drawing(tag, settings, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(settings)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const icon = (name) => drawing("svg", { "aria-hidden": "true" },
  drawing("use", { href: `#i-${name}` }));
const isolated = (text) => make("bdi", {}, text);
const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds || 0));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};
const DAYS = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const NUMBERS = new Intl.NumberFormat("en");
const counted = (count, one, many = `${one}s`) =>
  `${NUMBERS.format(count)} ${count === 1 ? one : many}`;
const day = (text) => {
  const date = new Date(text);
  return !text || Number.isNaN(date.getTime()) ? text || "" : DAYS.format(date);
};
const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1).replaceAll("_", " ");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const isWide = matchMedia("(min-width: 68rem)");

function say(text) {
  byId("said").textContent = text;
}

// ---------------------------------------------------------------- the album

const takes = [];
songs.forEach((song, place) => {
  song.place = place;
  song.makes = [];
  song.takes.forEach((take) => {
    take.song = song;
    take.place = takes.length;
    take.waves = new Set();
    take.fits = true;
    takes.push(take);
  });
});
for (const song of songs) {
  for (const origin of song.from) {
    if (origin.song !== null && origin.song !== song.place) {
      songs[origin.song].makes.push({ song, origin });
    }
  }
}

const titleOf = (take) => take.title || take.song.title;
const nameOf = (take) => take.song.takes.length > 1
  ? `${titleOf(take)}, take ${take.number}` : titleOf(take);
const RELATIONS = {
  create: "Created", extend: "Extended from", cover: "Covers", concat: "Joined from",
  replace_section: "Section replaced in", swap_sound: "Sound swapped in",
  swap_vocals: "Vocals swapped in", create_with_persona: "In the voice of",
  persona: "In the voice of",
};
const DEEDS = {
  create: "created", extend: "extended", cover: "covered", concat: "joined",
  replace_section: "section replaced", swap_sound: "sound swapped",
  swap_vocals: "vocals swapped", create_with_persona: "same voice", persona: "same voice",
};
const relationOf = (origin) => Object.hasOwn(RELATIONS, origin.relation)
  ? RELATIONS[origin.relation] : `${capital(origin.relation)} from`;
const deedOf = (origin) => Object.hasOwn(DEEDS, origin.relation)
  ? DEEDS[origin.relation] : origin.relation.replaceAll("_", " ");

function moneyOf(song) {
  const charged = song.charged || song.error?.charged || "";
  const cost = song.cost === null ? "" : counted(song.cost, "credit");
  if (charged === "no") return "not charged";
  if (charged === "refunded") return `${cost} given back`.trim();
  if (charged === "unknown") return cost ? `${cost}, perhaps charged` : "perhaps charged";
  return cost;
}

function makerOf(song, take) {
  const model = take?.model || song.model;
  const maker = [capital(song.provider), model].filter(Boolean).join(" ");
  const made = day(take?.made || song.made);
  return { maker, made };
}

const PROMPTS = ["description", "prompt", "style", "sound", "tags", "lyrics"];
function promptOf(song) {
  const request = new Map(song.request);
  for (const name of PROMPTS) if (request.get(name)) return request.get(name);
  return "";
}

// ---------------------------------------------------------------- choices

const IS_UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const START = 13;
const starts = new Map();
for (const { id } of takes) {
  starts.set(id.slice(0, START), (starts.get(id.slice(0, START)) || 0) + 1);
}
const shortOf = (id) =>
  IS_UUID.test(id) && starts.get(id.slice(0, START)) === 1 ? id.slice(0, START) : id;
const known = new Map();
for (const { id } of takes) known.set(id, id).set(shortOf(id), id);

const choices = new Map();
let exported = "";
for (const take of takes) if (take.kept !== null) choices.set(take.id, take.kept);
exported = choicesText();

function chosen(isKept) {
  const ids = takes.map((take) => take.id).filter((id) => choices.get(id) === isKept);
  return [...new Set(ids)];
}

function choicesText() {
  return JSON.stringify({ kept: chosen(true), dropped: chosen(false) }, null, 1);
}

function choose(take, isKept) {
  if (choices.get(take.id) === isKept) choices.delete(take.id);
  else choices.set(take.id, isKept);
  const now = choices.get(take.id);
  const word = now === undefined ? "Undecided" : now ? "Kept" : "Dropped";
  say(`${word}: ${nameOf(take)}`);
  showChoice(take);
  showChosen();
  writeAddress();
}

function showChoice(take) {
  const choice = choices.get(take.id);
  take.song.item?.querySelectorAll(`[data-take="${take.place}"]`).forEach((element) => {
    element.classList.toggle("kept", choice === true);
    element.classList.toggle("dropped", choice === false);
    element.querySelector(".keep").setAttribute("aria-pressed", choice === true);
    element.querySelector(".drop").setAttribute("aria-pressed", choice === false);
  });
  if (player.take === take) {
    byId("now-keep").setAttribute("aria-pressed", choice === true);
    byId("now-drop").setAttribute("aria-pressed", choice === false);
  }
}

function showChosen() {
  const kept = chosen(true).length, dropped = chosen(false).length;
  const isNew = choicesText() !== exported;
  const parts = [`${kept} kept`, `${dropped} dropped`];
  byId("chosen").textContent = parts.join(" · ") + (isNew ? " · not exported yet" : "");
  byId("export").classList.toggle("waiting", isNew);
}

function exportChoices() {
  const text = `${choicesText()}\n`;
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = make("a", { href: address, download: "kept.json" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  exported = choicesText();
  showChosen();
  note("Put the downloaded kept.json into the album's folder, beside this page, or run"
    + " aiomusic gallery with --kept and its path: batch and jobs read it there.");
}

function note(text) {
  const notes = byId("notes");
  notes.hidden = false;
  if (![...notes.children].some((line) => line.textContent === text)) {
    notes.append(make("p", {}, text));
  }
  say(text);
}

// ---------------------------------------------------------------- the address

const view = {
  search: "", tags: [], provider: "", state: "", choice: "", sort: "row", shown: "songs",
};
const NAMES = {
  search: "q", provider: "provider", state: "state", choice: "choice", sort: "sort",
  shown: "view",
};
const usual = { ...view, tags: [] };

function readAddress() {
  const found = new Map();
  for (const part of location.hash.slice(1).split("&")) {
    const [name, value = ""] = part.split("=", 2);
    found.set(name, value);
  }
  const plain = (text) => {
    try { return decodeURIComponent(text); } catch { return ""; }
  };
  const list = (text) => (text ? text.split(",").map(plain) : []);
  for (const [field, name] of Object.entries(NAMES)) {
    view[field] = found.has(name) ? plain(found.get(name)) : usual[field];
  }
  view.tags = list(found.get("tags") || "");
  if (!Object.hasOwn(SORTS, view.sort)) view.sort = usual.sort;
  if (view.shown !== "lineage") view.shown = "songs";
  if (!found.has("keep") && !found.has("drop")) return;
  choices.clear();
  for (const [name, isKept] of [["drop", false], ["keep", true]]) {
    for (const id of list(found.get(name) || "")) {
      if (known.has(id)) choices.set(known.get(id), isKept);
    }
  }
}

function writeAddress() {
  const parts = [];
  const list = (values) => values.map(encodeURIComponent).join(",");
  for (const [field, name] of Object.entries(NAMES)) {
    if (view[field] !== usual[field]) parts.push(`${name}=${encodeURIComponent(view[field])}`);
  }
  if (view.tags.length) parts.push(`tags=${list(view.tags)}`);
  parts.push(`keep=${list(chosen(true).map(shortOf))}`);
  parts.push(`drop=${list(chosen(false).map(shortOf))}`);
  try {
    history.replaceState(null, "", `#${parts.join("&")}`);
  } catch {
    location.replace(`#${parts.join("&")}`);
  }
}

// ---------------------------------------------------------------- waveforms

const HIGH = 64;
const barsFor = (width) => Math.min(240, Math.max(30, Math.round(width / 4)));
let waveWidth = 480;

function pathOf(take, bars) {
  if (!take.peaks) return `M0 ${HIGH / 2 - 3}h${4 * bars}v6H0z`;
  const bytes = take.bytes_ ||= Uint8Array.from(atob(take.peaks), (c) => c.charCodeAt(0));
  let path = "";
  for (let bar = 0; bar < bars; bar += 1) {
    const from = Math.floor(bar * bytes.length / bars);
    const to = Math.max(from + 1, Math.floor((bar + 1) * bytes.length / bars));
    let level = 0;
    for (let place = from; place < to; place += 1) level = Math.max(level, bytes[place]);
    const tall = Math.max(1.2, (level / 255) ** 1.2 * (HIGH / 2 - 1));
    path += `M${4 * bar} ${(HIGH / 2 - tall).toFixed(1)}h2.6v${(2 * tall).toFixed(1)}h-2.6z`;
  }
  return path;
}

class Wave {
  constructor(take, width, label = `Position in ${nameOf(take)}`) {
    this.take = take;
    this.bars = barsFor(width);
    this.tip = make("span", { class: "tip", "aria-hidden": "true" });
    this.slider = make("input", {
      type: "range", min: 0, max: 1, step: "any", value: 0, "aria-label": label,
      oninput: () => this.seek(),
      onclick: () => { if (player.take !== take) this.seek(); },
      onkeydown: (event) => this.key(event),
      onpointerdown: () => { this.held = true; },
      onpointerup: () => { this.held = false; },
      onpointercancel: () => { this.held = false; },
      onpointermove: (event) => this.hover(event),
    });
    this.slider.value = 0;
    this.element = make("div", { class: take.peaks ? "wave" : "wave plain" },
      this.picture("rest"), this.tip, this.slider);
    take.waves.add(this);
    this.show(take === player.take ? player.share() : 0);
  }
  /** Draw as many bars as a new width has room for. */
  fit(width) {
    const bars = barsFor(width);
    if (this.held || Math.abs(bars - this.bars) < 6) return;
    this.bars = bars;
    for (const picture of this.element.querySelectorAll("svg")) picture.remove();
    this.element.prepend(this.picture("rest"));
    this.played = null;
    this.show(this.take === player.take ? player.share() : 0);
  }
  picture(name) {
    return drawing("svg", {
      class: name, viewBox: `0 0 ${4 * this.bars} ${HIGH}`,
      preserveAspectRatio: "none", "aria-hidden": "true",
    }, drawing("path", { d: pathOf(this.take, this.bars) }));
  }
  show(share) {
    if (share > 0 && !this.played) {
      this.played = this.picture("played");
      this.slider.before(this.played);
    }
    this.played?.style.setProperty("--at", share);
    if (!this.held) this.slider.value = share;
    const length = lengthOf(this.take);
    const said = `${clock(share * length)} of ${clock(length)}`;
    if (said !== this.said) this.slider.setAttribute("aria-valuetext", this.said = said);
  }
  seek() {
    player.seek(this.take, Number(this.slider.value), this.held || player.isPlaying(this.take));
    if (!player.isPlaying(this.take)) player.play(this.take);
  }
  key(event) {
    const length = lengthOf(this.take) || 60;
    const steps = {
      ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5,
      PageDown: -length / 10, PageUp: length / 10, Home: -length, End: length,
    };
    if (!Object.hasOwn(steps, event.key)) return;
    event.preventDefault();
    const share = Number(this.slider.value) + steps[event.key] / length;
    player.seek(this.take, Math.min(1, Math.max(0, share)));
  }
  hover(event) {
    const share = Math.min(1, Math.max(0, event.offsetX / this.slider.clientWidth));
    this.tip.textContent = clock(share * lengthOf(this.take));
    this.element.style.setProperty("--tip", share);
  }
  drop() {
    this.take.waves.delete(this);
  }
}

const lengthOf = (take) => take.heard || take.duration || 0;

// ---------------------------------------------------------------- the player

const audio = byId("audio");
const player = {
  take: null,
  waits: null,
  begins: false,
  plays: true,
  wave: null,

  isPlaying(take) {
    return this.take === take && !audio.paused;
  },
  share() {
    const length = lengthOf(this.take);
    const now = this.waits ?? audio.currentTime;
    return length ? Math.min(1, now / length) : 0;
  },
  load(take) {
    if (this.take === take) return;
    const before = this.take;
    audio.pause();
    this.take = take;
    this.waits = null;
    this.begins = false;
    audio.src = take.src;
    if (before) {
      for (const wave of before.waves) wave.show(0);
      mark(before);
    }
    this.present();
  },
  play(take, second = null) {
    this.load(take);
    if (second !== null) this.to(second);
    // Until the place is known nothing is heard, lest it be the beginning.
    this.begins = this.waits !== null;
    if (this.begins) audio.preload = "auto";
    else this.start();
  },
  start() {
    audio.play().catch((error) => {
      // A pause may come before the first sound, and a file that fails tells it itself.
      if (error.name === "NotAllowedError") say("The browser did not let it play.");
    });
  },
  to(second) {
    if (audio.readyState > 0) audio.currentTime = second;
    else this.waits = second;
    this.draw();
  },
  seek(take, share) {
    if (this.take !== take) {
      this.load(take);
      audio.preload = "metadata";
    }
    const length = lengthOf(take);
    if (length) this.to(share * length);
    else this.waitsShare = share;
  },
  toggle(take = this.take) {
    if (!take) return;
    if (this.isPlaying(take)) audio.pause();
    else this.play(take);
  },
  queue() {
    return order.flatMap((song) => song.takes.filter((take) =>
      take.src && !take.broken && take.fits
      && (choices.get(take.id) !== false || view.choice === "dropped")));
  },
  step(by) {
    const queue = this.queue();
    const at = queue.indexOf(this.take);
    const later = () => queue.findIndex((take) =>
      order.indexOf(take.song) > order.indexOf(this.take.song)
      || (take.song === this.take.song && take.place > this.take.place));
    let to = at + by;
    if (at < 0) {
      const next = this.take ? later() : 0;
      to = by > 0 ? next : next - 1;
    }
    if (!queue[to]) {
      say(by > 0 ? "That was the last take." : "That was the first take.");
      return false;
    }
    this.play(queue[to]);
    return true;
  },
  other() {
    const playable = this.take.song.takes.filter((take) => take.src && !take.broken);
    const next = playable[(playable.indexOf(this.take) + 1) % playable.length];
    if (next && next !== this.take) this.play(next, audio.currentTime);
  },
  present() {
    const take = this.take;
    byId("player").hidden = false;
    document.body.classList.add("has-player");
    byId("now-art").replaceChildren(artOf(take));
    byId("now-title").replaceChildren(make("button", {
      type: "button", onclick: () => goTo(take.song),
    }, isolated(nameOf(take))));
    byId("now-line").textContent = "";
    this.wave?.drop();
    this.wave = new Wave(take, byId("now-wave").clientWidth || 300, "Position");
    byId("now-wave").replaceChildren(this.wave.element);
    byId("other").hidden = take.song.takes.filter((one) => one.src).length < 2;
    showChoice(take);
    mark(take);
    if (about.take && about.take !== take && byId("about").open && isWide.matches) {
      about.show(take);
    }
    if ("mediaSession" in navigator) {
      navigator.mediaSession.metadata = new MediaMetadata({
        title: titleOf(take), artist: makerOf(take.song, take).maker, album: album.title,
      });
    }
    this.draw();
  },
  changed() {
    const playing = !audio.paused;
    const button = byId("toggle");
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
    button.querySelector("use").setAttribute("href", playing ? "#i-pause" : "#i-play");
    if (this.take) mark(this.take);
    if (playing) this.follow();
  },
  follow() {
    cancelAnimationFrame(this.frame);
    this.draw();
    if (!audio.paused) this.frame = requestAnimationFrame(() => this.follow());
  },
  draw() {
    if (!this.take) return;
    const share = this.share();
    for (const wave of this.take.waves) wave.show(share);
    const now = share * lengthOf(this.take);
    setText(byId("at"), clock(now));
    setText(byId("of"), clock(lengthOf(this.take)));
    const line = lineAt(this.take, now);
    setText(byId("now-line"), line >= 0 ? lineText(linesOf(this.take)[line]) : makerOf(this.take.song, this.take).maker);
    about.follow(this.take, now, line);
  },
};

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

audio.addEventListener("loadedmetadata", () => {
  const take = player.take;
  if (Number.isFinite(audio.duration)) take.heard = audio.duration;
  if (player.waitsShare) player.waits = player.waitsShare * lengthOf(take);
  if (player.waits !== null) audio.currentTime = Math.min(player.waits, lengthOf(take));
  player.waits = player.waitsShare = null;
  player.draw();
  if (player.begins) player.start();
  player.begins = false;
});
for (const name of ["play", "pause"]) audio.addEventListener(name, () => player.changed());
audio.addEventListener("seeked", () => player.draw());
audio.addEventListener("ended", () => {
  player.changed();
  if (player.plays) player.step(1);
});
audio.addEventListener("error", () => {
  const take = player.take;
  if (!take || take.broken) return;
  take.broken = true;
  redraw(take);
  note(`${take.file} can't be played by this browser.`);
  player.changed();
  if (player.plays) player.step(1);
});

/** Show on its card and in the tree whether a take plays. */
function mark(take) {
  const isNow = player.take === take, playing = player.isPlaying(take);
  for (const element of document.querySelectorAll(`[data-take="${take.place}"]`)) {
    element.classList.toggle("now-playing", isNow);
    const button = element.matches(".play") ? element : element.querySelector(".play");
    button?.setAttribute("aria-label", `${playing ? "Pause" : "Play"} ${nameOf(take)}`);
    button?.querySelector("use")?.setAttribute("href", playing ? "#i-pause" : "#i-play");
  }
}

// ---------------------------------------------------------------- lyrics

// A line is a text; or when it is sung, the text, and when each word of it is.
const linesOf = (take) => take.lines_ ||= take.lyrics ? JSON.parse(take.lyrics) : [];
const lineText = (line) => typeof line === "string" ? line : line[1];

/** Return the line that is sung at a second; -1 before the first. */
function lineAt(take, now) {
  const timed = take.timed_ ||= linesOf(take)
    .map((line, place) => ({ start: line[0], place, isTimed: typeof line !== "string" }))
    .filter((line) => line.isTimed);
  let low = 0, high = timed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timed[middle].start <= now) low = middle + 1;
    else high = middle;
  }
  return low ? timed[low - 1].place : -1;
}

// ---------------------------------------------------------------- cards

function artOf(take, lazy = true) {
  const address = take.cover;
  const plain = () => {
    const hue = [...titleOf(take)].reduce((sum, char) => (sum * 31 + char.codePointAt(0)) % 360, 7);
    const blank = make("span", { class: "blank", "aria-hidden": "true" }, [...titleOf(take)][0] || "♪");
    blank.style.setProperty("--hue", hue);
    return blank;
  };
  if (!address) return plain();
  return make("img", {
    src: address, alt: "", loading: lazy ? "lazy" : "eager", decoding: "async",
    width: 320, height: 320, onerror: (event) => event.target.replaceWith(plain()),
  });
}

function cardOf(song) {
  const { maker, made } = makerOf(song, song.takes[0]);
  const facts = make("p", { class: "facts" });
  if (song.generated && song.takes.length) facts.append(make("span", { class: "ai" }, "AI-generated"));
  facts.append(isolated([maker, made, moneyOf(song)].filter(Boolean).join(" · ")));
  const prompt = promptOf(song);
  const body = [facts];
  if (song.state !== "succeeded") body.push(troubleOf(song));
  if (prompt) body.push(make("p", { class: "prompt", dir: "auto" }, prompt));
  const kin = kinOf(song);
  if (kin) body.push(kin);
  if (song.takes.length) {
    body.push(make("div", { class: "takes" }, ...song.takes.map(takeOf)));
  } else {
    body.push(make("div", { class: "acts" }, make("button", {
      type: "button", onclick: () => about.open(null, song),
      "aria-label": `Details of ${song.title}`,
    }, "Details")));
  }
  return body;
}

function troubleOf(song) {
  const box = make("div", { class: "trouble", "data-state": song.state });
  box.append(make("p", { class: "badge" }, capital(song.state)));
  if (song.error) {
    box.append(make("p", {}, isolated(song.error.message || song.error.kind)));
    if (song.error.next) box.append(make("p", {}, isolated(song.error.next)));
  } else if (!["failed", "cancelled"].includes(song.state)) {
    box.append(make("p", {}, "It was not done when this page was written."));
  }
  return box;
}

function songLink(song, take) {
  const name = take && song.takes.length > 1 ? `${song.title}, take ${take}` : song.title;
  return make("button", { type: "button", class: "link", onclick: () => goTo(song) }, isolated(name));
}

function kinOf(song) {
  const line = make("p", { class: "kin" });
  for (const origin of song.from) {
    const part = make("span", {}, `${relationOf(origin)} `);
    if (origin.song === null) part.append("a clip of another place ", make("code", {}, origin.clip));
    else part.append(songLink(songs[origin.song], origin.take));
    line.append(part);
  }
  if (song.makes.length) {
    const part = make("span", {}, "Made from it: ");
    song.makes.slice(0, 6).forEach(({ song: child }, place) =>
      part.append(place ? ", " : "", songLink(child)));
    if (song.makes.length > 6) part.append(` and ${song.makes.length - 6} more`);
    line.append(part);
  }
  return line.childNodes.length ? line : null;
}

function takeOf(take) {
  const choice = choices.get(take.id);
  const name = nameOf(take);
  const playable = take.src && !take.broken;
  const element = make("section", { class: "take", "data-take": take.place, "aria-label": name });
  element.hidden = !take.fits;
  element.classList.toggle("kept", choice === true);
  element.classList.toggle("dropped", choice === false);
  const art = playable
    ? make("button", { type: "button", class: "art play", "aria-label": `Play ${name}`, onclick: () => player.toggle(take) },
      artOf(take), make("span", { class: "disc" }, icon("play")))
    : make("div", { class: "art" }, artOf(take));
  const label = make("p", { class: "label" },
    make("b", {}, take.song.takes.length > 1 ? `Take ${take.number}` : "One take"),
    make("span", {}, lengthOf(take) ? clock(lengthOf(take)) : ""));
  if (take.title && take.title !== take.song.title) label.append(make("span", { class: "own" }, isolated(take.title)));
  const middle = playable
    ? (take.wave = new Wave(take, waveWidth)).element
    : make("p", { class: "silent" }, take.broken ? "This browser can't play the file."
      : take.missing ? `The file ${take.missing} is not in the folder.` : "There is no audio file.");
  const act = (word, isKept) => make("button", {
    type: "button", class: word.toLowerCase(), "aria-pressed": String(choice === isKept),
    "aria-label": `${word} ${name}`, onclick: () => choose(take, isKept),
  }, word);
  const tags = tagsOf(take);
  element.append(art, make("div", { class: "body" }, label, middle,
    make("div", { class: "acts" }, act("Keep", true), act("Drop", false),
      make("button", { type: "button", "aria-label": `${take.lyrics ? "Lyrics and details" : "Details"} of ${name}`, onclick: () => about.open(take) },
        take.lyrics ? "Lyrics" : "Details"))), ...(tags ? [tags] : []));
  return element;
}

function tagsOf(take) {
  if (!take.tags.length) return null;
  const row = make("div", { class: "chips" });
  for (const tag of take.tags.slice(0, 8)) {
    row.append(make("button", {
      type: "button", class: "chip", "aria-label": `Only songs with the tag ${tag}`,
      onclick: () => addTag(tag),
    }, isolated(tag)));
  }
  if (take.tags.length > 8) row.append(make("span", { class: "more" }, `and ${take.tags.length - 8} more`));
  return row;
}

// ------------------------------------------ the list: cards are filled when near

const MOST_FULL = 60;
const full = new Set();

for (const song of songs) {
  song.item = make("li", { class: "song", "data-song": song.place },
    make("h3", { tabindex: -1 }, isolated(song.title)));
}

function fill(song) {
  if (full.has(song)) return;
  full.add(song);
  song.item.append(...cardOf(song));
  song.item.classList.add("full");
  for (const take of song.takes) if (player.take === take) mark(take);
}

function empty(song) {
  if (!full.has(song) || song.item.contains(document.activeElement)) return;
  full.delete(song);
  for (const take of song.takes) {
    take.wave?.drop();
    take.wave = null;
  }
  song.item.replaceChildren(song.item.firstElementChild);
  song.item.classList.remove("full");
}

function redraw(take) {
  take.wave?.drop();
  take.wave = null;
  take.song.item.querySelector(`.take[data-take="${take.place}"]`)?.replaceWith(takeOf(take));
}

const near = new IntersectionObserver((entries) => {
  // As many are emptied as are filled, and two more; those first that were filled first.
  let most = 2;
  for (const entry of entries) {
    const song = songs[entry.target.dataset.song];
    song.isNear = entry.isIntersecting;
    if (song.isNear) fill(song);
    if (song.isNear) most += 1;
  }
  for (const song of full) {
    if (full.size <= MOST_FULL || most === 0) break;
    if (song.isNear) continue;
    empty(song);
    most -= 1;
  }
}, { rootMargin: "900px 0px" });
for (const song of songs) near.observe(song.item);

let resizing = 0;
new ResizeObserver(() => {
  clearTimeout(resizing);
  resizing = setTimeout(() => {
    const wave = document.querySelector("#songs .wave");
    if (!wave?.clientWidth) return;
    waveWidth = wave.clientWidth;
    for (const song of full) for (const take of song.takes) take.wave?.fit(waveWidth);
  }, 150);
}).observe(byId("songs"));

new ResizeObserver(() => player.wave?.fit(byId("now-wave").clientWidth)).observe(byId("now-wave"));

function goTo(song) {
  if (view.shown !== "songs") view.shown = "songs";
  if (!song.item.isConnected || !order.includes(song)) Object.assign(view, { ...usual, tags: [] });
  apply();
  if (byId("about").matches(":modal")) byId("about").close();
  fill(song);
  song.item.scrollIntoView({ block: "center" });
  song.item.firstElementChild.focus({ preventScroll: true });
  // What was above and not yet drawn has another height than was guessed.
  requestAnimationFrame(() => song.item.scrollIntoView({ block: "center" }));
}

// ---------------------------------------------------------------- search and order

const lengthsOf = (song) => Math.max(0, ...song.takes.map(lengthOf));
const SORTS = {
  row: ["Album order", (a, b) => a.place - b.place],
  title: ["Title", (a, b) => a.title.localeCompare(b.title, undefined, { numeric: true })],
  newest: ["Newest", (a, b) => (Date.parse(b.made) || 0) - (Date.parse(a.made) || 0)],
  longest: ["Longest", (a, b) => lengthsOf(b) - lengthsOf(a)],
  shortest: ["Shortest", (a, b) => lengthsOf(a) - lengthsOf(b)],
  cost: ["Most credits", (a, b) => (b.cost || 0) - (a.cost || 0)],
};
let order = songs;

function textOf(song) {
  song.text_ ||= folded([
    song.title, song.key, song.provider, song.operation, song.model, song.state,
    ...song.request.map(([, value]) => value), ...song.metadata.flat(),
    ...song.takes.flatMap((take) => [
      take.title, take.model, take.id, take.file || "", ...take.tags,
      ...linesOf(take).map(lineText),
    ]),
  ].join("\n"));
  return song.text_;
}

function choiceOf(take) {
  const choice = choices.get(take.id);
  return choice === undefined ? "undecided" : choice ? "kept" : "dropped";
}

function apply() {
  const words = folded(view.search).split(/\s+/).filter(Boolean);
  const wanted = view.tags.map(folded);
  const fits = (song) => {
    if (view.provider && song.provider !== view.provider) return false;
    if (view.state && song.state !== view.state) return false;
    for (const take of song.takes) {
      const tags = take.tags.map(folded);
      take.fits = wanted.every((tag) => tags.includes(tag))
        && (!view.choice || choiceOf(take) === view.choice);
    }
    if ((wanted.length || view.choice) && !song.takes.some((take) => take.fits)) return false;
    return words.every((word) => textOf(song).includes(word));
  };
  order = songs.filter(fits).sort(SORTS[view.sort][1]);
  for (const song of full) {
    song.item.querySelectorAll(".take").forEach((element) => {
      element.hidden = !takes[element.dataset.take].fits;
    });
  }
  const held = document.activeElement;
  byId("songs").replaceChildren(...order.map((song) => song.item));
  if (held?.isConnected && held !== document.activeElement) held.focus({ preventScroll: true });
  const isTree = view.shown === "lineage";
  byId("songs").hidden = isTree;
  byId("lineage").hidden = !isTree;
  if (isTree) showLineage();
  byId("heading").textContent = isTree ? "Lineage" : "Songs";
  byId("empty").hidden = order.length > 0;
  const isFiltered = order.length !== songs.length || words.length || wanted.length || view.choice;
  setText(byId("found"), isFiltered ? `${order.length} of ${counted(songs.length, "song")}` : "");
  byId("clear").hidden = !(words.length || wanted.length || view.choice || view.provider || view.state);
  showControls();
}

function showControls() {
  for (const field of ["provider", "state", "choice", "sort"]) byId(field).value = view[field];
  if (document.activeElement !== byId("search")) byId("search").value = view.search;
  for (const radio of document.querySelectorAll("[name=view]")) radio.checked = radio.value === view.shown;
  byId("tag").value = "";
  byId("tags").replaceChildren(...view.tags.map((tag) => make("button", {
    type: "button", class: "chip on", "aria-label": `No longer only songs with the tag ${tag}`,
    onclick: () => change({ tags: view.tags.filter((one) => one !== tag) }),
  }, isolated(tag), icon("close"))));
}

function change(fields) {
  Object.assign(view, fields);
  apply();
  writeAddress();
}

function addTag(tag) {
  if (!view.tags.includes(tag)) change({ tags: [...view.tags, tag] });
  say(byId("found").textContent);
}

function tally(values) {
  const found = new Map();
  for (const value of values) if (value) found.set(value, (found.get(value) || 0) + 1);
  return [...found];
}

function options(id, first, entries) {
  byId(id).append(make("option", { value: "" }, first),
    ...entries.map(([value, label]) => make("option", { value }, label)));
  byId(id).closest("label").hidden = entries.length === 0;
}

function setUpFilters() {
  const tags = tally(songs.flatMap((song) => [...new Set(song.takes.flatMap((take) => take.tags))]));
  tags.sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  const labelled = (entries) => entries.map(([value, count]) => [value, `${capital(value)} (${count})`]);
  options("tag", "Any", tags.slice(0, 300).map(([tag, count]) => [tag, `${tag} (${count})`]));
  options("provider", "Any", labelled(tally(songs.map((song) => song.provider))));
  options("state", "Any", labelled(tally(songs.map((song) => song.state))));
  options("choice", "Any", [["kept", "Kept"], ["dropped", "Dropped"], ["undecided", "Undecided"]]);
  byId("sort").append(...Object.entries(SORTS).map(([value, [label]]) => make("option", { value }, label)));
  for (const id of ["provider", "state"]) {
    if (byId(id).options.length < 3) byId(id).closest("label").hidden = true;
  }
  let typing = 0;
  byId("search").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => change({ search: byId("search").value }), 120);
  });
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["provider", "state", "choice", "sort"]) {
    byId(id).addEventListener("change", () => change({ [id]: byId(id).value }));
  }
  byId("tag").addEventListener("change", () => { if (byId("tag").value) addTag(byId("tag").value); });
  for (const radio of document.querySelectorAll("[name=view]")) {
    radio.addEventListener("change", () => change({ shown: radio.value }));
  }
  byId("clear").addEventListener("click", () => {
    const { sort, shown } = view;
    byId("search").value = "";
    change({ ...usual, tags: [], sort, shown });
    byId("search").focus();
  });
}

// ---------------------------------------------------------------- lineage

function showLineage() {
  const seen = new Set();
  const fitting = new Set(order);
  const trees = [];
  const isKin = (song) => song.makes.length || song.from.length;
  const grow = (song, origin) => {
    seen.add(song);
    const children = [];
    for (const { song: child, origin: how } of song.makes) {
      if (!seen.has(child)) children.push(grow(child, how));
    }
    const item = make("li", {}, nodeOf(song, origin));
    item.hasFit = fitting.has(song) || children.some((child) => child.hasFit);
    if (children.length) item.append(make("ul", {}, ...children));
    return item;
  };
  const roots = songs.filter((song) => !song.from.some((origin) => origin.song !== null));
  // A ring has no beginning; whatever is left begins it.
  for (const song of [...roots, ...songs]) {
    if (isKin(song) && !seen.has(song)) trees.push(grow(song, null));
  }
  const shown = trees.filter((tree) => tree.hasFit);
  const single = songs.filter((song) => !isKin(song)).length;
  byId("lineage").replaceChildren(
    shown.length ? make("ul", { class: "tree" }, ...shown) : "",
    make("p", { class: "aside" }, shown.length || trees.length
      ? single ? `${counted(single, "more song")} stand${single === 1 ? "s" : ""} alone: nothing was made from ${single === 1 ? "it" : "them"}.` : ""
      : "No song of this album was made from another."));
  if (player.take) mark(player.take);
}

function nodeOf(song, origin) {
  const node = make("div", { class: "node" });
  const outside = song.from.find((one) => one.song === null);
  const deed = origin ? deedOf(origin) : outside ? `${deedOf(outside)} from elsewhere` : "created";
  node.append(make("span", { class: "deed", "data-deed": origin?.relation || "create" },
    origin?.take ? `${deed} from take ${origin.take}` : deed), songLink(song));
  for (const take of song.takes) {
    const choice = choiceOf(take);
    if (!take.src || take.broken) continue;
    node.append(make("span", { class: `pick ${choice}`, "data-take": take.place },
      make("button", { type: "button", class: "play", "aria-label": `Play ${nameOf(take)}`, onclick: () => player.toggle(take) },
        icon("play"), song.takes.length > 1 ? `Take ${take.number}` : "Play"),
      choice === "undecided" ? null : make("span", { class: "mark" }, choice)));
  }
  const others = song.from.filter((one) => one.song !== null && one !== origin);
  if (origin && others.length) {
    const also = make("span", { class: "also" }, "and from ");
    others.forEach((one, place) => also.append(place ? ", " : "", songLink(songs[one.song], one.take)));
    node.append(also);
  }
  if (song.state !== "succeeded") node.append(make("span", { class: "badge", "data-state": song.state }, capital(song.state)));
  return node;
}

// ---------------------------------------------------------------- details

const about = {
  take: null,
  lines: new Map(),
  line: -1,

  open(take, song = take.song) {
    const dialog = byId("about");
    this.opener = document.activeElement;
    this.show(take, song);
    if (dialog.open) dialog.close();
    if (isWide.matches) dialog.show();
    else dialog.showModal();
    document.body.classList.toggle("has-about", isWide.matches);
    dialog.querySelector("h2").focus({ preventScroll: true });
  },
  close() {
    byId("about").close();
  },
  show(take, song = take.song) {
    this.take = take;
    this.line = -1;
    const { maker, made } = makerOf(song, take);
    const dialog = byId("about");
    const parts = [
      make("div", { class: "heading" },
        make("h2", { id: "about-title", tabindex: -1 }, isolated(take ? nameOf(take) : song.title)),
        make("button", { type: "button", class: "round", "aria-label": "Close details", onclick: () => this.close() }, icon("close"))),
    ];
    if (take) {
      const by = [maker ? `by ${maker}` : "", made ? `on ${made}` : ""].filter(Boolean).join(" ");
      parts.push(make("div", { class: "lead" }, make("div", { class: "poster" }, artOf(take, false)),
        make("div", {}, song.generated ? make("span", { class: "ai" }, "AI-generated") : null,
          make("p", {}, isolated(by)), make("p", {}, lengthOf(take) ? clock(lengthOf(take)) : ""),
          make("p", {}, moneyOf(song)))));
    }
    if (song.state !== "succeeded") parts.push(troubleOf(song));
    if (take?.lyrics) parts.push(make("h3", {}, "Lyrics"), this.lyricsOf(take));
    parts.push(make("h3", {}, "Facts"), listOf(factsOf(song, take)));
    if (take?.src) parts.push(make("p", {}, make("a", { href: take.src, download: true }, "Save the file elsewhere")));
    if (song.request.length) parts.push(make("h3", {}, "The request that made it"), listOf(song.request));
    if (song.metadata.length) parts.push(make("h3", {}, "Your columns"), listOf(song.metadata));
    const kin = kinOf(song);
    if (kin) parts.push(make("h3", {}, "Lineage"), kin);
    dialog.replaceChildren(make("div", { class: "inner" }, ...parts));
    dialog.scrollTop = 0;
    if (take && take === player.take) player.draw();
  },
  lyricsOf(take) {
    this.lines = new Map();
    const rows = linesOf(take).map((line, place) => {
      const text = lineText(line);
      if (typeof line === "string") {
        const isHead = /^\[.*\]$/.test(text);
        return make("p", { class: isHead ? "head" : null }, text ? isolated(text) : "\u00a0");
      }
      const times = line[2] ? line[2].split(" ") : [];
      const words = times.length ? text.split(" ").flatMap((word, at) =>
        [at ? " " : "", make("span", { "data-at": times[at] }, word)]) : [isolated(text)];
      const row = make("button", {
        type: "button", class: "line", dir: "auto", tabindex: this.lines.size ? -1 : 0,
        onclick: () => player.play(take, line[0]), onkeydown: (event) => this.key(event),
      }, ...words);
      this.lines.set(place, row);
      return row;
    });
    return make("div", { class: this.lines.size ? "lyrics timed" : "lyrics" }, ...rows);
  },
  key(event) {
    const rows = [...this.lines.values()];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = rows[rows.indexOf(event.target) + step];
    if (!step || !next) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  },
  follow(take, now, place) {
    if (take !== this.take || !byId("about").open) return;
    const row = this.lines.get(place);
    if (place !== this.line) {
      const before = this.lines.get(this.line);
      before?.classList.remove("now");
      before?.removeAttribute("aria-current");
      this.line = place;
      row?.classList.add("now");
      row?.setAttribute("aria-current", "true");
      if (row && !audio.paused) this.bring(row);
    }
    row?.querySelectorAll("span").forEach((word) =>
      word.classList.toggle("sung", Number(word.dataset.at) <= now));
  },
  bring(row) {
    const dialog = byId("about");
    if (dialog.contains(document.activeElement) && document.activeElement.matches(".line")) return;
    const top = row.offsetTop - dialog.clientHeight / 2;
    dialog.scrollTo({ top, behavior: still.matches ? "auto" : "smooth" });
  },
};

byId("about").addEventListener("close", () => {
  document.body.classList.remove("has-about");
  about.take = null;
  if (about.opener?.isConnected) about.opener.focus({ preventScroll: true });
});
isWide.addEventListener("change", () => { if (byId("about").open) about.close(); });

function factsOf(song, take) {
  const bytes = take?.bytes ? `${(take.bytes / 1e6).toFixed(1)} MB` : "";
  return [
    ["Duration", take && lengthOf(take) ? clock(lengthOf(take)) : ""],
    ["Tags", take?.tags.join(", ")],
    ["Provider", capital(song.provider)],
    ["Operation", song.operation],
    ["Model", take?.model || song.model],
    ["Cost", moneyOf(song)],
    ["Made", take?.made || song.made],
    ["Took", song.elapsed === null ? "" : `${Math.round(song.elapsed)} s`],
    ["State", song.state],
    ["File", [take?.file || take?.missing, bytes].filter(Boolean).join(", ")],
    ["Key", song.key],
    ["Row", song.row === null ? "" : String(song.row)],
    ["Task", song.task],
    ["Clip", take?.id],
  ];
}

function listOf(entries) {
  return make("dl", { class: "facts-list" }, ...entries
    .filter(([, value]) => value)
    .map(([name, value]) => make("div", {}, make("dt", {}, isolated(name)), make("dd", { dir: "auto" }, value))));
}

// ---------------------------------------------------------------- keys

const KEYS = {
  " ": () => player.take ? player.toggle() : player.step(1),
  ArrowLeft: () => player.take && player.to(Math.max(0, audio.currentTime - 5)),
  ArrowRight: () => player.take && player.to(Math.min(lengthOf(player.take), audio.currentTime + 5)),
  n: () => player.step(1),
  p: () => player.step(-1),
  o: () => player.take && player.other(),
  k: () => player.take && choose(player.take, true),
  d: () => player.take && choose(player.take, false),
  i: () => player.take && about.open(player.take),
  "/": () => byId("search").focus(),
  "?": () => byId("keys").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && byId("about").open && !document.querySelector("dialog:modal")) about.close();
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (!byId("single").checked || document.querySelector("dialog:modal")) return;
  const at = event.target;
  if (at.matches("input:not([type=range]), select, textarea")) return;
  if (event.key === " " && at.matches("button, a, summary")) return;
  if (event.key.startsWith("Arrow") && at.matches("input, .line")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!Object.hasOwn(KEYS, key)) return;
  event.preventDefault();
  KEYS[key]();
});

// ---------------------------------------------------------------- begin

function summary() {
  const seconds = takes.reduce((sum, take) => sum + lengthOf(take), 0);
  const credits = songs.reduce((sum, song) =>
    sum + (["no", "refunded"].includes(song.charged) ? 0 : song.cost || 0), 0);
  const notMade = ["failed", "refused", "cancelled", "waiting"];
  const missing = songs.filter((song) => notMade.includes(song.state)).length;
  return [
    counted(songs.length - missing, "song"), counted(takes.length, "take"),
    seconds ? `${Math.max(1, Math.round(seconds / 60))} min` : "",
    credits ? counted(credits, "credit") : "", missing ? `${missing} not made` : "",
  ].filter(Boolean).join(" · ");
}

byId("summary").textContent = summary();
album.notes.forEach((text) => byId("notes").append(make("p", {}, text)));
byId("notes").hidden = album.notes.length === 0;
setUpFilters();
const isRoomy = matchMedia("(min-width: 44rem)");
byId("more").open = isRoomy.matches;
isRoomy.addEventListener("change", () => { byId("more").open = isRoomy.matches; });
byId("export").addEventListener("click", exportChoices);
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("songs").focus();
});
byId("toggle").addEventListener("click", () => player.toggle());
byId("next").addEventListener("click", () => player.step(1));
byId("back").addEventListener("click", () => player.step(-1));
byId("other").addEventListener("click", () => player.other());
byId("on").addEventListener("click", () => {
  player.plays = !player.plays;
  byId("on").setAttribute("aria-pressed", player.plays);
});
byId("now-keep").addEventListener("click", () => choose(player.take, true));
byId("now-drop").addEventListener("click", () => choose(player.take, false));
byId("now-about").addEventListener("click", () => about.open(player.take));
byId("show-keys").addEventListener("click", () => byId("keys").showModal());
for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
if ("mediaSession" in navigator) {
  for (const [name, act] of Object.entries({
    play: () => player.toggle(), pause: () => audio.pause(),
    nexttrack: () => player.step(1), previoustrack: () => player.step(-1),
  })) navigator.mediaSession.setActionHandler(name, act);
}
addEventListener("hashchange", () => {
  readAddress();
  apply();
  for (const song of full) song.takes.forEach(showChoice);
  showChosen();
});
readAddress();
apply();
showChosen();
})();

"use strict";
const about = JSON.parse(document.getElementById("about").textContent);
// Files that are sent at a time, and how often one is sent again while the server has too much to do.
const TOGETHER = 4, TRIES = 60;
// Of more labels than this, those that are far from given are shown when asked for.
const LABELS = 14;
// Words of less than this part of the strongest weight are not marked.
const WEAK = 0.15;
const $ = (id) => document.getElementById(id);
// What was sent, in order: {name, state: "waiting" | "done" | "failed", found, error, words}.
let documents = [];
let sorting = { key: "order", falling: false };
let stopping = null;

// Texts get into the page by this alone, so that no HTML in them is ever read as such.
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}
const percent = (value) => `${(100 * value).toFixed(value > 0.0995 ? 0 : 1)} %`;
const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

function say(words) {
  $("error").textContent = words;
  $("error").hidden = !words;
}

async function send(address, body, signal) {
  const isFile = body instanceof Blob;
  const kind = isFile ? "application/octet-stream" : "application/json";
  for (let tries = 1; ; tries++) {
    let answer;
    try {
      answer = await fetch(address, {
        method: "POST", headers: { "Content-Type": kind }, body: isFile ? body : JSON.stringify(body), signal,
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Error("The server does not answer. Is app.py still running?");
    }
    if (answer.status === 503 && tries < TRIES) {
      await wait(2);
      continue;
    }
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) return said;
    throw new Error(typeof said.detail === "string" ? said.detail : `The server answers with ${answer.status}.`);
  }
}

// Sending

$("paste").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("text").value;
  if (!text.trim()) {
    say("There is no text yet. Paste one, or choose files.");
    $("text").focus();
    return;
  }
  const number = documents.push({ name: `text ${documents.length + 1}`, state: "waiting", text }) - 1;
  await work([number]);
  if (documents[number]?.state === "done") open(number);
});

function take(files) {
  const room = about.files - documents.length;
  const taken = [...files].slice(0, Math.max(room, 0));
  if (!taken.length && !files.length) return;
  const numbers = taken.map((file) => documents.push({ name: file.name, state: "waiting", file }) - 1);
  say(taken.length < files.length
    ? `Only ${plural(taken.length, "file")} of ${files.length.toLocaleString("en")} were taken: the page holds ${about.files} at once. predict.py labels any number.`
    : "");
  work(numbers, true).then(() => {
    if (numbers.length === 1 && documents.length === 1 && documents[0].state === "done") open(0);
  });
}

async function work(numbers, keepWords = false) {
  if (!keepWords) say("");
  stopping ??= new AbortController();
  const { signal } = stopping;
  const waiting = [...numbers];
  const worker = async () => {
    for (let number; (number = waiting.shift()) !== undefined;) {
      const one = documents[number];
      try {
        if (signal.aborted) throw new DOMException("", "AbortError");
        if (one.file && one.file.size > about.megabytes * 1e6)
          throw new Error(`The file has ${Math.ceil(one.file.size / 1e6)} MB, more than ${about.megabytes} MB.`);
        one.found = one.file
          ? await send(`/label/file?name=${encodeURIComponent(one.name.slice(0, 900))}`, one.file, signal)
          : await send("/label", { text: one.text }, signal);
        one.state = "done";
      } catch (error) {
        one.error = error.name === "AbortError" ? "stopped" : error.message;
        one.state = "failed";
        if (documents.length === 1) say(`${one.name}: ${one.error}`);
      }
      delete one.file;
      show();
    }
  };
  show();
  await Promise.all(Array.from({ length: TOGETHER }, worker));
}

$("choose").addEventListener("click", () => $("files").click());
$("files").addEventListener("change", () => { take($("files").files); $("files").value = ""; });
$("stop").addEventListener("click", () => stopping?.abort());
addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("over"); });
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  if (event.dataTransfer.files.length) take(event.dataTransfer.files);
  else if (event.dataTransfer.getData("text")) $("text").value = event.dataTransfer.getData("text");
});
$("clear").addEventListener("click", () => {
  stopping?.abort();
  documents = [];
  say("");
  history.pushState(null, "", location.pathname);
  show();
  showDocument();
  $("text").focus();
});

// The table

const likeliest = (found) => Math.max(...Object.values(found.probabilities));
const unlike = (found) => (found.unlike_training ?? []).join(", ");
const COLUMNS = [
  { key: "name", title: "résumé", of: (one) => one.name },
  { key: "labels", title: "labels", of: (one) => one.found?.labels.join(";") ?? "" },
  { key: "highest", title: "highest probability", number: true, of: (one) => one.found ? likeliest(one.found) : -1 },
  { key: "errors", title: "expected errors", number: true, of: (one) => one.found?.expected_errors ?? -1 },
  { key: "review", title: "review", of: (one) => one.found?.review ? "yes" : "" },
  { key: "unlike", title: "unlike training", of: (one) => one.found ? unlike(one.found) : "" },
];
$("list").querySelector("thead tr").append(...COLUMNS.map((column) => make("th", {
  scope: "col", className: column.number ? "number" : "",
}, make("button", { type: "button", onclick: () => {
  sorting = { key: column.key, falling: sorting.key === column.key ? !sorting.falling : Boolean(column.number) };
  show();
} }, column.title))));

function sorted() {
  const column = COLUMNS.find((each) => each.key === sorting.key);
  const order = documents.map((_, number) => number);
  if (!column) return order;
  const values = documents.map(column.of);
  const compare = column.number ? (a, b) => a - b : (a, b) => a.localeCompare(b, "en", { numeric: true });
  const sign = sorting.falling ? -1 : 1;
  return order.sort((a, b) => sign * compare(values[a], values[b]) || a - b);
}

const chips = (labels) => labels.length
  ? labels.map((name) => make("span", { className: "chip", title: name }, name))
  : [make("span", { className: "none" }, "none")];

function row(number) {
  const one = documents[number];
  const name = one.state === "done"
    ? make("a", { href: `#document-${number + 1}` }, one.name) : one.name;
  const head = make("th", { scope: "row" }, name);
  if (one.found?.notes.length) head.append(make("br"), make("small", {}, one.found.notes.join("; ")));
  if (one.state !== "done") {
    const words = one.state === "failed" ? one.error : "waiting …";
    return make("tr", {}, head, make("td", { colSpan: COLUMNS.length - 1, className: one.state === "failed" ? "bad" : "none" }, words));
  }
  const { found } = one;
  return make("tr", {}, head,
    make("td", {}, ...chips(one.corrected ?? found.labels), one.corrected ? make("small", {}, "corrected") : null),
    make("td", { className: "number" }, percent(likeliest(found))),
    make("td", { className: "number" }, percent(found.expected_errors)),
    make("td", {}, found.review ? make("span", { className: "mark" }, "look at it") : ""),
    make("td", {}, unlike(found)));
}

// Many files answer within one picture of the screen: it is drawn once.
let isDrawing = false;
function show() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => { isDrawing = false; draw(); });
}

function draw() {
  const ready = documents.filter((one) => one.state !== "waiting").length;
  const isWorking = ready < documents.length;
  if (!isWorking) stopping = null;
  $("work").hidden = !isWorking;
  $("progress").max = documents.length || 1;
  $("progress").value = ready;
  $("progress-words").textContent = isWorking ? `${ready} of ${documents.length} labelled` : "";
  $("list").hidden = documents.length < 2;
  const failed = documents.filter((one) => one.state === "failed").length;
  $("list-title").textContent = plural(documents.length, "résumé") + (failed ? `, ${failed} without an answer` : "");
  $("download").disabled = isWorking;
  [...$("list").querySelectorAll("thead th")].forEach((th, place) => {
    if (COLUMNS[place].key === sorting.key) th.setAttribute("aria-sort", sorting.falling ? "descending" : "ascending");
    else th.removeAttribute("aria-sort");
  });
  $("list").querySelector("tbody").replaceChildren(...sorted().map(row));
}

// What a spreadsheet would take for a formula gets an apostrophe before it, as predict.py writes it.
function cell(value) {
  let text = value === null || value === undefined ? "" : String(value);
  if (/^[=+\-@\t\r]/.test(text) && !/^[+-]?[0-9.,]+([eE][+-]?[0-9]+)?%?$/.test(text)) text = `'${text}`;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
function save(name, lines) {
  const content = new Blob([lines.map((line) => line.map(cell).join(",") + "\n").join("")], { type: "text/csv" });
  const link = make("a", { href: URL.createObjectURL(content), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
$("download").addEventListener("click", () => save("labels.csv", [
  ["id", "labels", "corrected_labels", "error", "notes", "review", "expected_errors", "unlike_training",
    ...about.labels.map((name) => `probability/${name}`)],
  ...documents.map(({ name, found, error, corrected }) => [
    name, found?.labels.join(";"), corrected?.join(";"), error, found?.notes.join("; "), found?.review,
    found?.expected_errors, found?.unlike_training?.join(";"),
    ...about.labels.map((label) => found?.probabilities[label])]),
]));

// One résumé

function open(number) {
  location.hash = `#document-${number + 1}`;
}
addEventListener("hashchange", showDocument);

function showDocument() {
  const number = Number(location.hash.match(/^#document-(\d+)$/)?.[1] ?? 0) - 1;
  const one = documents[number];
  const section = $("document");
  section.hidden = one?.state !== "done";
  if (section.hidden) {
    section.replaceChildren();
    return;
  }
  const { found } = one;
  const title = make("h2", { id: "document-title", tabIndex: -1 }, one.name);
  const marks = make("p", { className: "marks" });
  if (found.review) marks.append(make("span", { className: "mark" }, "A person should look at it: the model is not sure enough."));
  if (found.unlike_training?.length)
    marks.append(make("span", { className: "mark" }, `Unlike what the model was trained on: ${unlike(found)}.`));
  for (const note of found.notes) marks.append(make("span", { className: "mark" }, note));
  const text = make("div", { className: "text", tabIndex: 0, role: "region", ariaLabel: "Text as the model read it" });
  const words = make("div", { role: "status" });
  const labels = labelList(one, text, words);
  section.replaceChildren(title, marks, make("div", { className: "two" },
    make("div", {},
      make("p", { className: "hint" }, found.labels.length ? "" : "No label reaches its threshold. ",
        "Choose a label to see where the model found it. ", make("i", { className: "key chosen" }), " threshold"),
      labels),
    make("div", {}, words, text),
    correction(one)));
  mark(text, found.text, []);
  title.focus({ preventScroll: true });
  section.scrollIntoView({ block: "start" });
}

function labelList(one, text, words) {
  const { found } = one;
  const distance = (name) => found.probabilities[name] - found.thresholds[name];
  const given = new Set(found.labels);
  const names = [...about.labels].sort((a, b) =>
    given.has(b) - given.has(a) || found.probabilities[b] - found.probabilities[a] || distance(b) - distance(a));
  const list = make("ul", { className: "labels" });
  const items = names.map((name) => {
    const probability = found.probabilities[name], isGiven = given.has(name);
    const fill = make("span", { className: "fill" }), cut = make("span", { className: "cut" });
    fill.style.width = `${100 * probability}%`;
    cut.style.left = `${100 * found.thresholds[name]}%`;
    const item = make("li", { className: isGiven ? "given" : "" },
      make("button", { type: "button", className: "name", ariaPressed: "false", onclick: () => {
        for (const other of items) {
          other.classList.toggle("chosen", other === item);
          other.querySelector("button").ariaPressed = String(other === item);
        }
        where(one, name, text, words);
      } }, name),
      make("span", { className: "value" }, isGiven ? make("b", {}, "given") : "not given", ` · ${percent(probability)}`,
        make("span", { className: "unseen" }, `, given from ${percent(found.thresholds[name])} on`)),
      make("span", { className: "track", ariaHidden: "true" }, fill, cut));
    return item;
  });
  const shown = Math.max(LABELS, found.labels.length);
  list.append(...items.slice(0, shown));
  if (items.length <= shown) return list;
  const more = make("button", { type: "button", className: "link", onclick: () => {
    list.append(...items.slice(shown));
    more.remove();
  } }, `Show the other ${items.length - shown} labels`);
  return make("div", {}, list, more);
}

// Marks passages with a strength from 0 to 1, and words in them. Places count Unicode characters, of
// which JavaScript's strings hold some as two.
function mark(box, text, passages, words = []) {
  const characters = Array.from(text);
  const edges = new Set([0, characters.length]);
  for (const { start, end } of [...passages, ...words]) edges.add(start).add(end);
  const places = [...edges].sort((a, b) => a - b);
  const pieces = [];
  for (let at = 0; at + 1 < places.length; at++) {
    const [start, end] = [places[at], places[at + 1]];
    const inside = (part) => part.start <= start && end <= part.end;
    const word = words.find(inside);
    let piece = characters.slice(start, end).join("");
    if (word) piece = make("span", { className: word.weight > 0 ? "for" : "against", title: `weight ${word.weight.toFixed(2)}` }, piece);
    const strength = Math.max(0, ...passages.filter(inside).map((part) => part.strength));
    if (strength >= 0.05) {
      const marked = make("mark", {}, piece);
      marked.style.setProperty("--s", strength.toFixed(2));
      pieces.push(marked);
    } else pieces.push(piece);
  }
  box.replaceChildren(...pieces);
}

function where(one, name, text, words) {
  const { found } = one;
  const values = found.windows.map((window) => window.probabilities[name]);
  const passages = found.windows.map(({ start, end }, place) => ({ start, end, strength: values[place] }));
  const kept = one.words?.[name];
  if (kept) return tell(one, kept, text, words);
  mark(text, found.text, passages);
  const ask = make("button", { type: "button", onclick: async () => {
    ask.disabled = true;
    ask.textContent = "Looking at each word …";
    try {
      const said = await send("/explain", { text: found.text, label: name });
      (one.words ??= {})[name] = said;
      // Meanwhile another label, or another résumé, may have been chosen.
      if (ask.isConnected) tell(one, said, text, words);
    } catch (error) {
      ask.replaceWith(make("span", { className: "bad" }, error.message));
    }
  } }, "Which words?");
  const best = Math.max(...values);
  words.replaceChildren(
    make("p", { className: "hint" }, make("i", { className: "key window" }), ` the stronger, the likelier ${name} is by that passage alone (${percent(best)} at most)`),
    make("p", { className: "actions" }, ask));
  text.querySelector("mark")?.scrollIntoView({ block: "nearest" });
}

function tell(one, said, text, words) {
  const most = Math.max(...said.words.map((each) => Math.abs(each.weight)));
  const strong = said.words.filter((each) => Math.abs(each.weight) > WEAK * most);
  const passages = said.windows.map(({ start, end, share }) => ({ start, end, strength: share }));
  mark(text, said.text, passages, strong);
  words.replaceChildren(
    make("ul", { className: "legend" }, ...[["for", `speaks for ${said.label}`], ["against", "speaks against it"],
      ["window", "passages that decide"]].map(([kind, name]) => make("li", {}, make("i", { className: `key ${kind}` }), name))),
    make("ul", { className: "words" }, ...strong.slice(0, 8).map((each) => make("li", {},
      make("span", { className: each.weight > 0 ? "for" : "against" }, each.word), ` ${each.weight > 0 ? "+" : "−"}${Math.abs(each.weight).toFixed(2)}`))));
  text.querySelector(".for, .against")?.scrollIntoView({ block: "nearest" });
}

// Correcting

function correction(one) {
  const { found } = one;
  const given = new Set(one.corrected ?? found.labels);
  const boxes = about.labels.map((name) => make("input", { type: "checkbox", value: name, checked: given.has(name) }));
  const who = make("input", { type: "text", maxLength: 200, autocomplete: "name", className: "who" });
  who.id = "who";
  who.value = correction.who ?? "";
  const said = make("p", { role: "status", className: "hint" });
  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
  const keep = make("button", { type: "submit", className: "main" }, about.corrections ? "Save the correction" : "Download the correction as csv");
  const form = make("form", { onsubmit: async (event) => {
    event.preventDefault();
    const person = who.value.trim();
    if (!person) {
      said.textContent = "Say who corrects it: whoever trains with it will want to know.";
      who.focus();
      return;
    }
    const labels = chosen();
    keep.disabled = true;
    try {
      if (about.corrections) {
        const { rows } = await send("/corrections", { name: one.name, text: found.text, labels, suggested: found.labels, who: person });
        said.textContent = `Saved. The file of corrections has ${plural(rows, "row")}.`;
      } else {
        save("corrections.csv", [["id", "name", "text", "labels", "suggested", "who", "when", "model"],
          ["1", one.name, found.text, JSON.stringify(labels), JSON.stringify(found.labels), person,
            new Date().toISOString(), about.model]]);
        said.textContent = "Downloaded. train.py reads it: data=table data.path=corrections.csv.";
      }
      correction.who = person;
      one.corrected = labels;
      show();
    } catch (error) {
      said.textContent = error.message;
    }
    keep.disabled = false;
  } },
  make("fieldset", {}, make("legend", {}, "The right labels"), ...boxes.map((box) => make("label", {}, box, make("span", {}, box.value)))),
  make("label", { htmlFor: "who" }, "Who says so"), who,
  make("p", { className: "actions" }, keep), said);
  return make("details", { className: "correct" }, make("summary", {}, "Are the labels wrong? Correct them"), form);
}

show();
showDocument();

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

show();
showDocument();

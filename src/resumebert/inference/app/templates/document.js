// One résumé: its labels, where they come from, and their correction. The rest is in page.js.

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

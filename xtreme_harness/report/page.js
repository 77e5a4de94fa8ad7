"use strict";
// Sorting, filtering and the examples of the page. Text from data reaches the page by textContent alone.

// Tables: a click on a header sorts, another turns the order. Empty cells stay last.
for (const table of document.querySelectorAll("table[data-sortable]")) {
  for (const cell of table.tBodies[0].rows[0]?.cells ?? []) {
    table.tHead.rows[0].cells[cell.cellIndex]?.classList.toggle("n", cell.classList.contains("n"));
  }
  table.tHead?.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) sortBy(table, button.parentElement);
  });
}

function sortBy(table, head) {
  const column = head.cellIndex;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const key = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent;
  const numeric = rows.every((row) => key(row) === "" || !Number.isNaN(Number(key(row))));
  const turned = head.ariaSort === (numeric ? "descending" : "ascending"); // figures: the highest first
  const down = numeric !== turned;
  for (const other of head.parentElement.cells) other.ariaSort = "none";
  head.ariaSort = down ? "descending" : "ascending";
  const compare = numeric ? (a, b) => Number(a) - Number(b) : (a, b) => a.localeCompare(b, "en");
  rows.sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === "" || y === "") return (x === "") - (y === "");
    return down ? compare(y, x) : compare(x, y);
  });
  body.append(...rows);
}

// Filters: every field must fit; a form looks after the tables of its section.
for (const form of document.querySelectorAll("form[data-filters]")) {
  const filter = () => {
    const wanted = Object.fromEntries(new FormData(form));
    const rows = [...form.closest("section").querySelectorAll("tbody tr[data-text]")];
    for (const row of rows) {
      row.hidden = Object.entries(wanted).some(([name, value]) =>
        name === "text"
          ? !row.dataset.text.includes(value.trim().toLowerCase())
          : value !== "" && row.dataset[name] !== undefined && row.dataset[name] !== value);
    }
    const shown = rows.filter((row) => !row.hidden && !row.closest("[hidden]"));
    const all = rows.filter((row) => !row.closest("[data-run][hidden]"));
    form.querySelector("output").textContent = shown.length < all.length ? `${shown.length} of ${all.length} rows` : "";
  };
  for (const kind of ["input", "change"]) form.addEventListener(kind, filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
}

// One pane of several.
for (const picker of document.querySelectorAll("select[data-pick]")) {
  const panes = [...document.querySelectorAll(`.${picker.dataset.pick}`)];
  const show = () => panes.forEach((pane, i) => { pane.hidden = i !== picker.selectedIndex; });
  picker.addEventListener("change", show);
  show();
}

// What a reader would not find on paper is opened before printing.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("main section > details")) details.open = true;
});

const data = document.getElementById("explore-data");
if (data) explore(JSON.parse(data.textContent));

function explore({ runs, languages, examples }) {
  const PAGE = 20;
  const form = document.getElementById("explore-form");
  const list = document.getElementById("explore-list");
  const more = document.getElementById("explore-more");
  const names = { t: {}, l: languages };
  for (const example of examples) {
    example.text = JSON.stringify([example.in, example.gold, example.out]).toLowerCase();
    names.t[example.t] = example.t;
  }
  fill(form.elements.task, names.t);
  fill(form.elements.language, names.l);

  const outcomes = {
    "": () => true,
    wrong: (out) => out.some((one) => one && !one.ok),
    right: (out) => out.every((one) => !one || one.ok),
    changed: ([a, b]) => a && b && a.ok !== b.ok,
    fixed: ([a, b]) => a && b && !a.ok && b.ok,
    broken: ([a, b]) => a && b && a.ok && !b.ok,
  };
  let found = [];

  function search() {
    const { task, language, outcome, text } = Object.fromEntries(new FormData(form));
    const wanted = text.trim().toLowerCase();
    found = examples.filter((example) =>
      (!task || example.t === task) && (!language || example.l === language)
      && outcomes[outcome](example.out) && example.text.includes(wanted));
    list.replaceChildren();
    form.querySelector("output").textContent = `${found.length.toLocaleString("en")} of ${examples.length.toLocaleString("en")} examples`;
    extend();
  }

  function extend() {
    const first = list.children.length;
    for (const example of found.slice(first, first + PAGE)) list.append(shown(example));
    more.replaceChildren();
    if (list.children.length < found.length) {
      const button = node("button", `Show ${Math.min(PAGE, found.length - list.children.length)} more`);
      button.type = "button";
      button.addEventListener("click", () => {
        extend();
        list.children[first + PAGE]?.focus();
      });
      more.append(button);
    }
  }

  function shown(example) {
    const item = node("li");
    item.tabIndex = -1;
    const head = node("div");
    head.append(node("b", `${example.t} · ${languages[example.l]} `), node("small", example.id));
    const facts = node("dl");
    const answers = [].concat(example.gold).filter((gold) => typeof gold === "string" && gold !== "");
    for (const [name, value] of Object.entries(example.in)) {
      if (name === "words" && Array.isArray(value)) continue;
      put(facts, name.replaceAll("_", " "), marked(value, name === "context" ? answers : []), example.l);
    }
    const words = example.in.words;
    if (Array.isArray(words)) put(facts, "words", tagged(words, example.gold, null), example.l);
    else put(facts, "gold", plain(example.gold), example.l);
    example.out.forEach((one, i) => {
      if (!one) return;
      const title = runs.length > 1 ? runs[i] : "prediction";
      const value = Array.isArray(words) ? tagged(words, one.p, example.gold) : plain(one.p);
      put(facts, title, value, example.l, one.ok ? "ok" : "off");
    });
    item.append(head, facts);
    return item;
  }

  function put(facts, name, value, language, outcome) {
    const cell = node("dd");
    cell.dir = "auto";
    cell.lang = language;
    cell.append(value);
    const title = node("dt", name);
    if (outcome) {
      cell.className = outcome;
      const mark = node("b", outcome === "ok" ? " ✓" : " ✗");
      mark.className = outcome;
      mark.title = outcome === "ok" ? "right" : "wrong";
      title.append(mark);
    }
    facts.append(title, cell);
  }

  // Words with their tags; tags that are not the gold's are underlined.
  function tagged(words, tags, gold) {
    const line = node("span");
    line.className = "words";
    words.forEach((word, i) => {
      const tag = node("small", Array.isArray(tags) ? tags[i] ?? "–" : "–");
      if (gold && tags?.[i] !== gold[i]) tag.className = "off";
      const box = node("span", word);
      box.append(tag);
      line.append(box);
    });
    return line;
  }

  // A text in which the first place of a gold answer is marked.
  function marked(value, answers) {
    const text = plain(value);
    const answer = answers.find((one) => text.includes(one));
    if (!answer) return text;
    const at = text.indexOf(answer);
    const line = node("span", text.slice(0, at));
    line.append(node("mark", answer), text.slice(at + answer.length));
    return line;
  }

  function plain(value) {
    if (typeof value === "string") return value === "" ? "(empty)" : value;
    if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value.join(" | ") || "(none)";
    return JSON.stringify(value);
  }

  for (const kind of ["input", "change"]) form.addEventListener(kind, search);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(search));
  search();
}

function fill(select, names) {
  select.append(new Option("all", ""));
  for (const [value, name] of Object.entries(names)) select.append(new Option(name, value));
}

function node(name, text) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return made;
}

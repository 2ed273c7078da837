"use strict";
// Sorts and filters the leaderboards, says values under the pointer, copies commands, and gives rows and pictures as files.
// Without it the page only stands still.

// The page of a search that runs loads itself anew, with the view that its address keeps by then.
const seconds = Number(document.documentElement.dataset.reload ?? 0);
if (seconds) setTimeout(() => location.reload(), 1000 * seconds);

const exact = (cell) => cell.dataset.v ?? cell.textContent;
const shown = (cell) => cell.textContent.trim();

function sortBy(table, index, down) {
  const head = table.tHead.rows[0].cells;
  const numeric = "number" in head[index].dataset;
  const rows = [...table.tBodies[0].rows].map((row) => [exact(row.cells[index]), row]);
  rows.sort(([a], [b]) => {
    if (a === "" || b === "") return (a === "") - (b === ""); // what is missing stays last
    const order = numeric ? Number(a) - Number(b) : a.localeCompare(b, undefined, { numeric: true });
    return down ? -order : order;
  });
  table.tBodies[0].append(...rows.map(([, row]) => row));
  for (const cell of head) cell.removeAttribute("aria-sort");
  head[index].setAttribute("aria-sort", down ? "descending" : "ascending");
}

// The filter: words that must occur in a row, and comparisons of a column, joined by and (or nothing) and by or.
const SIGN = /<=|>=|!=|==?|<|>/;
const OR = /\s+or\s+(?=(?:[^"]*"[^"]*")*[^"]*$)/i; // not within quotes
const inQuotes = (text) => `"${text.replaceAll('"', '""')}"`;
const plain = (text) => text.replace(/(\d),(?=\d{3}\b)/g, "$1"); // 400,000 is a number

function compared(column, sign, wanted) {
  return (row) => {
    const found = plain(exact(row.cells[column]).toLowerCase());
    if (found === "") return false;
    if (sign.startsWith("=")) return found === wanted || Number(found) === Number(wanted);
    if (sign === "!=") return found !== wanted && Number(found) !== Number(wanted);
    const [a, b] = [Number(found), Number(wanted)];
    return sign === "<" ? a < b : sign === ">" ? a > b : sign === "<=" ? a <= b : a >= b;
  };
}

// Return the words of a text that stand before its first sign, as the longest end that is a column's name.
function named(words, names) {
  const alike = names.map((name) => name.toLowerCase());
  for (let start = 0; start < words.length; start += 1) {
    const name = words.slice(start).join(" ");
    const column = names.includes(name) ? names.indexOf(name) : alike.indexOf(name.toLowerCase());
    if (column >= 0) return [column, words.slice(0, start)];
  }
  return [-1, words.slice(0, -1)];
}

function conditions(text, names) {
  const found = [];
  let rest = plain(text).trim();
  const wordsOf = (part) => part.split(/\s+/).filter((one) => one && one.toLowerCase() !== "and");
  const word = (one) => found.push((row) => [...row.cells].some((cell) => plain(cell.textContent.toLowerCase()).includes(one.toLowerCase())));
  while (rest) {
    const at = rest.search(SIGN);
    if (at < 0) break;
    const [sign] = SIGN.exec(rest);
    const words = wordsOf(rest.slice(0, at));
    const [column, before] = named(words, names);
    before.forEach(word);
    if (column < 0) throw new Error(unknown(words, names));
    const after = /^\s*("((?:[^"]|"")*)"|\S+)\s*/.exec(rest.slice(at + sign.length));
    if (!after) throw new Error(`${names[column]} ${sign} what? A value is missing.`);
    const wanted = (after[2]?.replaceAll('""', '"') ?? after[1]).toLowerCase();
    if (/^[<>]/.test(sign) && Number.isNaN(Number(wanted))) throw new Error(`${names[column]} ${sign} ${wanted}? Expected a number.`);
    found.push(compared(column, sign, wanted));
    rest = rest.slice(at + sign.length + after[0].length);
  }
  wordsOf(rest).forEach(word);
  return (row) => found.every((holds) => holds(row));
}

// A name with blanks is asked for by the last words before a sign, nobody knows how many.
function unknown(words, names) {
  const asked = words.length ? words.map((_, start) => words.slice(start).join(" ")) : [""];
  const near = names.flatMap((one) => asked.map((name) => [distance(name.toLowerCase(), one.toLowerCase()), one, name])).sort(([a], [b]) => a - b);
  const close = near.filter(([steps, one]) => steps <= Math.max(2, one.length / 2));
  const name = close.length ? close[0][2] : asked.at(-1);
  const shown = [...new Set(close.map(([, one]) => one))].slice(0, 3);
  return `No column is called ${name || "so"}; ${shown.length ? `near: ${shown.join(", ")}` : `there are ${names.join(", ")}`}.`;
}

function distance(a, b) {
  let row = [...Array(b.length + 1).keys()];
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] !== b[j - 1])));
    }
    row = next;
  }
  return row[b.length];
}

const SVG = "http://www.w3.org/2000/svg";
const draw = (name, attributes) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};
const spotsOf = (figure) => JSON.parse(figure.dataset.spots ?? "[]");

// Where a row passes an axis of the parallel coordinates, from 0 at its foot to 1; null where it has no value.
function passes([, low, high, log, choices], cell) {
  if (exact(cell) === "") return null;
  const value = choices ? choices.indexOf(cell.textContent) : log ? Math.log(exact(cell)) : Number(exact(cell));
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

// The column of an axis: the param's of this name, and where there is none, the metric's.
function columnOf(heads, name) {
  const named = heads.filter((cell) => cell.textContent === name);
  return heads.indexOf(named.find((cell) => cell.querySelector(".param")) ?? named[0]);
}

function line(figure, row, heads) {
  const axes = JSON.parse(figure.dataset.axes);
  const [, , , , x0, x1, y0, y1] = JSON.parse(figure.querySelector("svg").dataset.ends);
  const points = axes.map((axis, index) => {
    const share = passes(axis, row.cells[columnOf(heads, axis[0])]);
    return share === null ? "" : `${(x0 + (index / (axes.length - 1)) * (x1 - x0)).toFixed(1)},${(y0 + share * (y1 - y0)).toFixed(1)}`;
  });
  return draw("polyline", { points: points.join(" ").trim(), class: "kept through" });
}

// What is filtered out fades in every picture that shows trials; what is kept is drawn again.
function fade(study, names, rows, heads) {
  for (const figure of study.querySelectorAll("figure")) {
    const svg = figure.querySelector("svg");
    for (const old of svg.querySelectorAll(".kept")) old.remove();
    svg.classList.remove("faded");
    const trials = names ? spotsOf(figure).filter(([, , text]) => /^trial \d+ · /.test(text)) : [];
    if (!trials.length) continue;
    svg.classList.add("faded");
    if (figure.dataset.axes) {
      svg.append(...rows.slice(0, 150).map((row) => line(figure, row, heads)));
      continue;
    }
    for (const [x, y, text] of trials) {
      if (names.has(text.split(" · ")[0])) svg.append(draw("circle", { cx: x, cy: y, r: 3, class: "kept" }));
    }
  }
}

// Lay a row's curve over the picture of the curves of the best.
function overlay(study, row) {
  const chosen = row.getAttribute("aria-selected") === "true";
  for (const old of study.querySelectorAll(".laid")) old.remove();
  for (const other of row.parentElement.rows) other.removeAttribute("aria-selected");
  if (chosen) return;
  row.setAttribute("aria-selected", "true");
  const values = JSON.parse(row.dataset.curve);
  for (const svg of study.querySelectorAll("figure:not([data-axes]) svg[data-ends]")) {
    const [left, right, low, high, x0, x1, y0, y1, log] = JSON.parse(svg.dataset.ends);
    const scale = log ? Math.log : (value) => value;
    const share = (value) => (scale(value) - scale(low)) / (scale(high) - scale(low));
    const points = values.map((value, index) => {
      const x = x0 + ((index + 1 - left) / (right - left)) * (x1 - x0);
      const y = y0 + Math.min(1, Math.max(0, share(value))) * (y1 - y0);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    });
    svg.append(draw("polyline", { points: points.join(" "), class: "laid" }));
  }
}

// A row of the leaderboard has an address; the same trial's number in other tables leads to it.
function address(study, table) {
  const addresses = new Map();
  for (const row of [...table.tBodies[0].rows].filter((one) => one.dataset.name)) {
    row.id = `${study.id}-${row.dataset.name.replaceAll(" ", "-")}`;
    addresses.set(row.dataset.name, `#${row.id}`);
  }
  for (const other of study.querySelectorAll("table:not([data-sortable])")) {
    const column = [...(other.tHead?.rows[0].cells ?? [])].findIndex((cell) => shown(cell) === "trial");
    for (const { cells } of column < 0 ? [] : other.tBodies[0].rows) {
      const href = addresses.get(`trial ${exact(cells[column])}`);
      if (!href) continue;
      const link = Object.assign(document.createElement("a"), { href, textContent: shown(cells[column]) });
      cells[column].replaceChildren(link);
    }
  }
  for (const figure of study.querySelectorAll("figure[data-spots]:not([data-axes])")) figure.addresses = addresses;
}

// Drag along an axis of the parallel coordinates: what passes there, as a text for the filter.
function brush(figure, nameOf, say) {
  const svg = figure.querySelector("svg");
  const axes = JSON.parse(figure.dataset.axes);
  const [, , , , x0, x1, y0, y1] = JSON.parse(svg.dataset.ends);
  const place = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  let from = null;
  svg.addEventListener("pointerdown", (event) => {
    from = place(event);
    svg.setPointerCapture(event.pointerId); // an axis ends near the picture's edge
  });
  svg.addEventListener("pointerup", (event) => {
    const [start, to] = [from, place(event)];
    from = null;
    if (!start || Math.abs(to.y - start.y) < 5) return;
    const index = Math.round(((start.x - x0) / (x1 - x0)) * (axes.length - 1));
    const [param, low, high, log, choices] = axes[Math.min(axes.length - 1, Math.max(0, index))];
    const name = nameOf(param);
    const ends = [start.y, to.y].map((y) => low + ((y - y0) / (y1 - y0)) * (high - low)).sort((a, b) => a - b);
    if (choices) {
      const out = choices.filter((_, at) => at < ends[0] || at > ends[1]);
      if (out.length < choices.length) say(out.map((choice) => `${name} != ${inQuotes(choice)}`).join(" and "));
      return;
    }
    const [least, most] = ends.map((end) => Number((log ? Math.exp(end) : end).toPrecision(4)));
    say(`${name} >= ${least} and ${name} <= ${most}`);
  });
}

// A text with its middle left out, where it is longer than there is room for: many begin alike.
const cut = (text, most) => (text.length > most ? `${text.slice(0, Math.ceil(most / 2) - 1)}…${text.slice(-Math.floor(most / 2))}` : text);

// The map of any two params, drawn from the rows that are shown: the better a trial, the stronger its dot.
function pairs(figure, heads) {
  const axes = JSON.parse(figure.dataset.pairs);
  const first = figure.querySelector("svg");
  const map = draw("svg", { viewBox: "0 0 400 280", role: "img", class: "map off" });
  const row = document.createElement("div");
  row.className = "pair note";
  const selects = ["across", "up"].map((way, index) => {
    const select = document.createElement("select");
    select.setAttribute("aria-label", `the param that goes ${way}`);
    axes.forEach(([name], number) => select.add(new Option(name, number)));
    select.value = index;
    row.append(select);
    return select;
  });
  let shownRows = [];
  const label = (x, y, anchor, text) => {
    const element = draw("text", { x, y, "text-anchor": anchor });
    element.textContent = text;
    map.append(element);
  };
  const show = () => {
    const chosen = selects.map((select) => axes[select.value]);
    map.setAttribute("aria-label", `trials by ${chosen[0][0]} and ${chosen[1][0]}`);
    map.replaceChildren();
    for (const [way, [name, low, high, log, choices]] of chosen.entries()) {
      const ends = [low, high].map((end) => Number((log ? Math.exp(end) : end).toPrecision(3)));
      const marks = choices ? choices.map((choice, at) => [(at - low) / (high - low), choice]) : [[0, ends[0]], [1, ends[1]]];
      for (const [share, text] of marks) {
        if (way) label(84, 234 - share * 220, "end", cut(String(text), 12));
        else label(90 + share * 300, 256, share === 1 ? "end" : "middle", cut(String(text), Math.max(3, Math.floor(42 / marks.length))));
      }
      if (way) label(84, 274, "end", cut(name, 12));
      else label(240, 274, "middle", cut(name, 40));
    }
    map.append(draw("path", { d: "M90 10V240H395", class: "s-soft", fill: "none" }));
    const count = Math.max(1, shownRows.length);
    shownRows.forEach((one, place) => {
      const [x, y] = chosen.map((axis) => passes(axis, one.cells[columnOf(heads, axis[0])]));
      if (x === null || y === null) return;
      const opacity = (0.95 - (0.75 * place) / count).toFixed(2);
      map.append(draw("circle", { cx: 90 + x * 300, cy: 230 - y * 220, r: 4, class: "f-c1", opacity }));
    });
  };
  const choose = () => {
    const own = selects[0].value === "0" && selects[1].value === "1";
    for (const one of [first, figure.querySelector("figcaption")]) one?.classList.toggle("off", !own);
    map.classList.toggle("off", own);
    show();
  };
  for (const select of selects) select.addEventListener("change", choose);
  first.after(map, row);
  return (rows) => {
    shownRows = rows;
    show();
  };
}

function save(name, address) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

const quoted = (text) => {
  const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text; // no formula for a spreadsheet
  return /[",\r\n]/.test(safe) ? inQuotes(safe) : safe;
};

// The view is kept in the address: filter, sorted column and hidden columns of each leaderboard.
const view = new URLSearchParams(location.hash.startsWith("#view&") ? location.hash.slice(6) : "");
function keep(key, value) {
  if (value === (view.get(key) ?? "")) return; // the address may be a link to a section or a row
  if (value) view.set(key, value);
  else view.delete(key);
  history.replaceState(null, "", view.size ? `#view&${view}` : location.pathname + location.search);
}

[...document.querySelectorAll("table[data-sortable]")].forEach((table, number) => {
  const heads = [...table.tHead.rows[0].cells];
  const study = table.closest("article");
  const line = table.closest("section").querySelector(".filter");
  const [said, input, switched] = ["output", "input[type=search]", ".run-columns"].map((one) => line.querySelector(one));
  const rows = [...table.tBodies[0].rows];
  const own = heads.filter((cell) => !cell.querySelector(".param")).map(shown);
  // Such as the rank of a matrix, beside that of the trial.
  const names = heads.map((cell) => (cell.querySelector(".param") && own.includes(shown(cell)) ? `params.${shown(cell)}` : shown(cell)));
  const count = `${rows.length} ${rows.length === 1 ? "row" : "rows"}`;
  const sort = (index, down) => {
    sortBy(table, index, down);
    keep(`sort${number}`, `${index}${down ? "d" : "a"}`);
  };
  heads.forEach((cell, index) => {
    cell.querySelector("button").addEventListener("click", () => {
      const now = cell.getAttribute("aria-sort");
      sort(index, now ? now === "ascending" : "highest" in cell.dataset);
    });
  });
  // By keyboard one row is reached, from there the arrows lead to the others; Enter is a click.
  const curved = () => [...table.tBodies[0].rows].filter((row) => row.dataset.curve && !row.hidden);
  const reach = (reached) => {
    for (const row of rows) row.tabIndex = row === reached ? 0 : -1;
  };
  table.tBodies[0].addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const open = curved();
    const place = open.indexOf(event.target);
    if (place >= 0 && event.key === "Enter") overlay(study, event.target);
    const next = place < 0 || !step ? null : open[place + step];
    if (!next) return;
    event.preventDefault();
    reach(next);
    next.focus();
  });
  const maps = [...study.querySelectorAll("figure[data-pairs]")].map((figure) => pairs(figure, heads));
  const filter = () => {
    const text = input.value.trim();
    try {
      const ways = text.split(OR).map((part) => conditions(part, names));
      for (const row of rows) row.hidden = Boolean(text) && !ways.some((holds) => holds(row));
      reach(curved()[0]);
      const kept = rows.filter((row) => !row.hidden);
      said.textContent = text ? `${kept.length} of ${count}` : count;
      fade(study, text ? new Set(kept.map((row) => row.dataset.name)) : null, kept.filter((row) => exact(row.cells[0])), heads);
      for (const show of maps) show(kept.filter((row) => exact(row.cells[0])));
      keep(`filter${number}`, text);
    } catch (error) {
      said.textContent = error.message;
    }
  };
  line.hidden = false;
  input.value = view.get(`filter${number}`) ?? "";
  filter();
  input.addEventListener("input", filter);
  switched.checked = view.has(`run${number}`);
  table.classList.toggle("whole-run", switched.checked);
  switched.addEventListener("change", () => {
    table.classList.toggle("whole-run", switched.checked);
    keep(`run${number}`, switched.checked ? "1" : "");
  });
  const sorted = /^(\d+)([ad])$/.exec(view.get(`sort${number}`) ?? "");
  if (sorted && heads[sorted[1]]) sortBy(table, Number(sorted[1]), sorted[2] === "d");
  line.querySelector(".csv").addEventListener("click", () => {
    const lines = [heads.map(shown), ...[...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => [...row.cells].map(exact))];
    const text = lines.map((cells) => cells.map(quoted).join(",")).join("\n");
    save("trials.csv", `data:text/csv;charset=utf-8,${encodeURIComponent(`${text}\n`)}`);
  });
  for (const figure of study.querySelectorAll("figure[data-axes]")) {
    brush(figure, (param) => names[columnOf(heads, param)], (text) => {
      input.value = input.value.trim() ? `${input.value.trim()} and ${text}` : text;
      filter();
    });
  }
  for (const row of rows) if (row.dataset.curve) row.addEventListener("click", () => overlay(study, row));
  address(study, table);
});

// A picture by itself: what the page's style gives it written into it, on the ground that it has here.
const INHERITED = ["fill", "stroke", "stroke-width", "paint-order", "font-family", "font-size"];
function alone(svg) {
  const copy = svg.cloneNode(true);
  const [, , width, height] = svg.getAttribute("viewBox").split(" ");
  const [own, other] = [[svg, ...svg.querySelectorAll("*")], [copy, ...copy.querySelectorAll("*")]];
  own.forEach((element, index) => {
    const [style, around] = [element, element.parentElement].map((one) => getComputedStyle(one));
    for (const name of INHERITED) {
      const value = style.getPropertyValue(name);
      // A shape that others use has their colours, unless it has its own.
      if (index && value === around.getPropertyValue(name)) other[index].removeAttribute(name);
      else other[index].setAttribute(name, value);
    }
    if (style.opacity !== "1" && !element.closest("defs")) other[index].setAttribute("opacity", style.opacity);
    for (const name of ["class", "tabindex", "data-ends"]) other[index].removeAttribute(name);
  });
  for (const [name, value] of Object.entries({ xmlns: SVG, width, height })) copy.setAttribute(name, value);
  const ground = getComputedStyle(document.documentElement).getPropertyValue("--paper").trim();
  copy.prepend(draw("rect", { width, height, fill: ground }));
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
}

async function asPng(svg) {
  const image = new Image();
  image.src = alone(svg);
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [3 * image.width, 3 * image.height];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/png");
}

for (const figure of document.querySelectorAll("figure")) {
  const shownNow = () => figure.querySelector("svg:not(.off)");
  const titleNow = () => shownNow().getAttribute("aria-label") ?? "picture";
  const title = titleNow();
  const line = document.createElement("div");
  line.className = "take";
  for (const [kind, address] of [["svg", async () => alone(shownNow())], ["png", () => asPng(shownNow())]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = kind.toUpperCase();
    button.setAttribute("aria-label", `${kind.toUpperCase()}: ${title}`);
    button.addEventListener("click", async () => save(`${titleNow().slice(0, 60).replace(/[^\w-]+/g, "-")}.${kind}`, await address()));
    line.append(button);
  }
  figure.append(line);
}

// A link to a section opens what is folded around it; one to a row shows its curve, too.
function unfold() {
  const target = location.hash.startsWith("#view") ? null : document.getElementById(location.hash.slice(1));
  if (!target) return;
  for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  if (target.tagName === "TR") {
    target.hidden = false;
    if (target.dataset.curve && target.getAttribute("aria-selected") !== "true") overlay(target.closest("article"), target);
  }
  target.scrollIntoView({ block: target.tagName === "TR" ? "center" : "start" });
}
addEventListener("hashchange", unfold);
if (location.hash) unfold();

const told = document.getElementById("told");
const ring = draw("circle", { class: "ring", r: "6" });

// A browser says that the pointer moves, too, where the page is scrolled under it; what the keyboard chose stays.
let pointer = null;
let moved = true;
addEventListener("pointermove", (event) => {
  const now = `${event.screenX} ${event.screenY}`;
  moved = now !== pointer;
  pointer = now;
}, { capture: true });

function quiet() {
  told.hidden = true;
  ring.remove();
}

function tell(svg, [x, y, text]) {
  const at = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
  told.textContent = text;
  told.hidden = false;
  const box = told.getBoundingClientRect();
  const left = Math.max(4, Math.min(at.x - box.width / 2, document.documentElement.clientWidth - box.width - 4));
  const top = at.y - box.height - 12 > 0 ? at.y - box.height - 12 : at.y + 14;
  told.style.left = `${left}px`;
  told.style.top = `${top}px`;
  ring.setAttribute("cx", x);
  ring.setAttribute("cy", y);
  svg.append(ring);
}

for (const figure of document.querySelectorAll("figure[data-spots]")) {
  const svg = figure.querySelector("svg");
  let spots = null;
  let place = -1;
  const all = () => (spots ??= JSON.parse(figure.dataset.spots).sort((a, b) => a[0] - b[0] || a[1] - b[1]));
  const near = (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    let [best, least] = [-1, 24 * 24];
    all().forEach(([x, y], index) => {
      const distance = (x - at.x) ** 2 + (y - at.y) ** 2;
      if (distance < least) [best, least] = [index, distance];
    });
    if (best < 0) return quiet();
    place = best;
    tell(svg, all()[best]);
  };
  svg.tabIndex = 0;
  svg.addEventListener("pointermove", (event) => moved && near(event));
  svg.addEventListener("pointerdown", near);
  svg.addEventListener("pointerleave", quiet);
  const follow = () => {
    const href = figure.addresses?.get(all()[place]?.[2].split(" · ")[0]);
    if (href) location.hash = href;
  };
  svg.addEventListener("click", (event) => {
    if (event.pointerType === "mouse" && !told.hidden) follow(); // a finger only asks for the values
  });
  svg.addEventListener("blur", quiet);
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") return quiet();
    if (event.key === "Enter") return follow();
    if (!step) return;
    event.preventDefault();
    place = Math.max(0, Math.min(all().length - 1, place + step));
    tell(svg, all()[place]);
  });
}
addEventListener("scroll", quiet, { passive: true });

for (const button of document.querySelectorAll(".copy")) {
  const code = button.parentElement.querySelector("code");
  button.hidden = false;
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(code);
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Selected";
    }
  });
}

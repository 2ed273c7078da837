"use strict";
// Sorts and filters the leaderboards, says values under the pointer, and copies commands. Without it the page only stands still.
const exact = (cell) => cell.dataset.v ?? cell.textContent;

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

// Words must all occur in a row; name<=number, and so on, compares that column.
function conditions(text, names) {
  return text.toLowerCase().split(/\s+/).filter(Boolean).map((word) => {
    const parts = /^(.+?)(<=|>=|!=|=|<|>)(.+)$/.exec(word);
    const column = parts ? names.indexOf(parts[1]) : -1;
    if (column < 0) return (row) => [...row.cells].some((cell) => cell.textContent.toLowerCase().includes(word));
    const [, , sign, wanted] = parts;
    return (row) => {
      const found = exact(row.cells[column]).toLowerCase();
      if (found === "") return false;
      if (sign === "=") return found === wanted || Number(found) === Number(wanted);
      if (sign === "!=") return found !== wanted && Number(found) !== Number(wanted);
      const [a, b] = [Number(found), Number(wanted)];
      return sign === "<" ? a < b : sign === ">" ? a > b : sign === "<=" ? a <= b : a >= b;
    };
  });
}

for (const table of document.querySelectorAll("table[data-sortable]")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((cell, index) => {
    cell.querySelector("button").addEventListener("click", () => {
      sortBy(table, index, cell.getAttribute("aria-sort") === "ascending");
    });
  });
  const line = table.closest("section").querySelector(".filter");
  const said = line.querySelector("output");
  const rows = [...table.tBodies[0].rows];
  const names = heads.map((cell) => cell.textContent.trim().toLowerCase());
  line.hidden = false;
  const count = `${rows.length} ${rows.length === 1 ? "row" : "rows"}`;
  said.textContent = count;
  line.querySelector("input").addEventListener("input", (event) => {
    const wanted = conditions(event.target.value, names);
    for (const row of rows) row.hidden = !wanted.every((holds) => holds(row));
    said.textContent = wanted.length
      ? `${rows.filter((row) => !row.hidden).length} of ${count}`
      : count;
  });
}

const told = document.getElementById("told");
const ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
ring.setAttribute("class", "ring");
ring.setAttribute("r", "6");

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
  svg.addEventListener("pointermove", near);
  svg.addEventListener("pointerdown", near);
  svg.addEventListener("pointerleave", quiet);
  svg.addEventListener("blur", quiet);
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") return quiet();
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

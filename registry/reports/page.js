"use strict";
// Sorts and filters the leaderboards, and copies commands. Without it the page only stands still.
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

for (const table of document.querySelectorAll("table[data-sortable]")) {
  [...table.tHead.rows[0].cells].forEach((cell, index) => {
    cell.querySelector("button").addEventListener("click", () => {
      sortBy(table, index, cell.getAttribute("aria-sort") === "ascending");
    });
  });
  const line = table.closest("section").querySelector(".filter");
  const said = line.querySelector("output");
  const rows = [...table.tBodies[0].rows];
  line.hidden = false;
  line.querySelector("input").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    for (const row of rows) {
      row.hidden = ![...row.cells].some((cell) => cell.textContent.toLowerCase().includes(wanted));
    }
    said.textContent = wanted ? `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows` : "";
  });
}

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

"use strict";
const body = document.querySelector("tbody");
const heads = [...document.querySelectorAll("thead th")];
const said = document.getElementById("said");
const show = document.getElementById("show");
const find = document.getElementById("find");

function valueOf(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.v ?? cell.textContent;
  return cell.classList.contains("number") && text !== "" ? Number(text) : text;
}

function compare(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other), undefined, { numeric: true });
}

function sortBy(column, ascending) {
  const rows = [...body.rows].map((row) => [valueOf(row, column), row]);
  const empty = (value) => value === "";  // last, whichever way
  rows.sort(([one], [other]) =>
    empty(one) - empty(other) || (ascending ? 1 : -1) * compare(one, other));
  body.append(...rows.map(([, row]) => row));
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[column].setAttribute("aria-sort", ascending ? "ascending" : "descending");
  said.textContent = `Sorted by ${heads[column].textContent}, ` +
    (ascending ? "lowest first" : "highest first");
}

heads.forEach((head, column) => {
  head.querySelector("button")?.addEventListener("click", () =>
    sortBy(column, head.getAttribute("aria-sort") !== "ascending"));
});

function choose() {
  const words = find.value.trim().toLowerCase();
  let count = 0;
  for (const row of body.rows) {
    const name = row.cells[1].textContent.toLowerCase();
    row.hidden = !((show.value === "all" || row.classList.contains(show.value)) && name.includes(words));
    count += !row.hidden;
  }
  said.textContent = `${count} of ${body.rows.length} studies shown`;
}
show.addEventListener("change", choose);
find.addEventListener("input", choose);

document.querySelectorAll(".picture").forEach((button) =>
  button.addEventListener("click", () =>
    button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true")));

// The table of workloads: filters, sorting, rows.
const COLUMNS = [
  ["name", "workload", (one) => one.name],
  ["placement", "placement", (one) => one.placement],
  ["kind", "kind", (one) => one.kind],
  ["wave", "wave", (one) => (one.wave === null ? 999 : one.wave)],
  ["count", "machines", (one) => one.count],
  ["ports", "ports", (one) => parseInt(one.ports, 10) || 99999],
  ["why", "why", (one) => one.why],
];
const collator = new Intl.Collator("en", { numeric: true });
// Names of machines are searched, too: web17 finds the workloads on it.
const NAMES = WORKLOADS.map(() => []);
for (const row of DATA.machines) for (const number of row.workloads) NAMES[number].push(row.names);
const HAYSTACKS = WORKLOADS.map((one, number) =>
  [one.name, one.title, one.placement, one.kind, one.ports, one.why, one.machines, ENVIRONMENTS[one.env], NAMES[number].join("\n")]
    .join("\n")
    .toLowerCase(),
);

function chosen() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const [env, answer, kind, wave] = ["env", "answer", "kind", "wave"].map((name) => byId(`by-${name}`).value);
  const fits = (one, number) =>
    words.every((word) => HAYSTACKS[number].includes(word)) &&
    (env === "" || one.env === Number(env)) &&
    (answer === "" ? true : one.answer === Number(answer)) &&
    (kind === "" || one.kind === kind) &&
    (wave === "" || String(one.wave) === wave);
  const found = WORKLOADS.map((one, number) => number).filter((number) => fits(WORKLOADS[number], number));
  return ordered(found);
}

// Unsorted, the answers keep their order: what moves, what stays, what needs a decision.
function ordered(numbers) {
  const column = COLUMNS.find(([key]) => key === state.sort);
  if (!column) return numbers.sort((a, b) => WORKLOADS[a].answer - WORKLOADS[b].answer || a - b);
  const value = column[2];
  const compare = (a, b) => (typeof a === "number" ? a - b : collator.compare(a, b));
  const sign = state.down ? -1 : 1;
  return numbers.sort((a, b) => sign * compare(value(WORKLOADS[a]), value(WORKLOADS[b])) || a - b);
}

function showTable() {
  const found = chosen();
  lazily(byId("rows"), byId("more-rows"), found, row);
  byId("none").hidden = found.length > 0;
  const all = found.length === WORKLOADS.length;
  byId("workloads-count").textContent = all ? counted(found.length, "workload") : `${found.length.toLocaleString("en")} of ${counted(WORKLOADS.length, "workload")}`;
  for (const tile of document.querySelectorAll(".tile")) tile.setAttribute("aria-pressed", String(tile.dataset.answer === byId("by-answer").value));
}

function row(number) {
  const one = WORKLOADS[number];
  const under = subtitle(one);
  const open = make("button", { type: "button" }, one.name);
  return make(
    "tr",
    { class: `row t${one.answer}`, "data-number": number, "aria-current": number === state.open, on: { click: () => openPanel(number, open) } },
    make("td", { class: "name" }, open, under && make("span", { class: "sub" }, under)),
    make("td", null, make("span", { class: "pill" }, one.placement), one.decided && make("span", { class: "sub" }, "decided by a person")),
    make("td", null, one.kind),
    make("td", { class: "num" }, one.wave === null ? "" : one.wave === 0 ? "stays" : String(one.wave)),
    make("td", null, make("span", { class: "mono" }, one.machines), one.count > 1 && make("span", { class: "sub" }, counted(one.count, "machine"))),
    make("td", { class: "num" }, one.ports),
    make("td", { class: "why" }, one.why),
  );
}

function showHeads() {
  const heads = COLUMNS.map(([key, label]) => {
    const sorted = state.sort !== key ? "none" : state.down ? "descending" : "ascending";
    return make("th", { scope: "col", "aria-sort": sorted }, make("button", { type: "button", "data-key": key, on: { click: () => sortBy(key) } }, label));
  });
  byId("heads").replaceChildren(...heads);
}

function sortBy(key) {
  state.down = state.sort === key && !state.down;
  state.sort = key;
  showHeads();
  showTable();
  document.querySelector(`#heads button[data-key="${key}"]`).focus();
}

function startTable() {
  const kinds = [...new Set(WORKLOADS.map((one) => one.kind))].sort();
  const waves = [...new Set(WORKLOADS.map((one) => one.wave))].filter((wave) => wave !== null).sort((a, b) => a - b);
  choices(byId("by-env"), "All environments", ENVIRONMENTS.map((name, number) => [number, name || "estate"]));
  choices(byId("by-answer"), "All answers", ANSWERS.map((name, number) => [number, name]).filter(([number]) => WORKLOADS.some((one) => one.answer === number)));
  choices(byId("by-kind"), "All kinds", kinds.map((kind) => [kind, kind]));
  choices(byId("by-wave"), "All waves", waves.map((wave) => [wave, waveName(wave)]));
  let waiting = 0;
  byId("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(showTable, 60);
  });
  for (const name of ["env", "answer", "kind", "wave"]) byId(`by-${name}`).addEventListener("change", showTable);
  byId("clear").addEventListener("click", () => {
    for (const id of ["search", "by-env", "by-answer", "by-kind", "by-wave"]) byId(id).value = "";
    state.sort = "";
    showHeads();
    showTable();
  });
  showHeads();
  showTable();
}

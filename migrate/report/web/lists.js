// The summary, the machines and the findings.
function showSummary() {
  byId("alarms").replaceChildren(...DATA.alarms.map((text) => make("p", { class: "alarm" }, text)));
  const count = ANSWERS.map((name, number) => WORKLOADS.filter((one) => one.answer === number).length);
  byId("tiles").replaceChildren(
    ...ANSWERS.map((name, number) => count[number] && make("button", { type: "button", class: `tile t${number}`, "data-answer": number, "aria-pressed": "false", on: { click: () => onlyAnswer(number) } }, make("b", null, count[number].toLocaleString("en")), make("span", null, name))).filter(Boolean),
  );
  byId("waves").replaceChildren(...lanes());
}

function onlyAnswer(number) {
  const select = byId("by-answer");
  select.value = select.value === String(number) ? "" : String(number);
  showTable();
  byId("workloads").scrollIntoView();
}

const NAMED = 10;

function wavedChip(name, numbers) {
  const text = numbers.length > 1 ? `${name} ×${numbers.length}` : name;
  return make("button", { type: "button", class: `chip t${WORKLOADS[numbers[0]].answer}`, on: { click: () => openPanel(numbers[0]) } }, text);
}

function grouped(numbers) {
  const found = new Map();
  for (const number of numbers) found.set(WORKLOADS[number].name, [...(found.get(WORKLOADS[number].name) || []), number]);
  return found;
}

// What moves first, then what comes after it, with a few names each.
function lanes() {
  const waves = [...new Set(WORKLOADS.map((one) => one.wave))].filter((wave) => wave !== null).sort((a, b) => a - b);
  return waves.map((wave) => {
    const held = WORKLOADS.map((one, number) => number).filter((number) => WORKLOADS[number].wave === wave);
    const named = grouped(held);
    const chips = [...named].slice(0, NAMED).map(([name, numbers]) => wavedChip(name, numbers));
    const more = named.size > NAMED ? make("button", { type: "button", class: "chip", on: { click: () => onlyWave(wave) } }, `+${named.size - NAMED} more`) : "";
    return make("div", { class: "lane" }, make("h3", null, wave === 0 ? "Stays on VMs" : `Wave ${wave}`, make("span", { class: "count" }, held.length.toLocaleString("en"))), make("div", { class: "chips" }, chips, more));
  });
}

function onlyWave(wave) {
  byId("by-wave").value = String(wave);
  showTable();
  byId("workloads").scrollIntoView();
}

function showMachines() {
  const word = byId("machine-search").value.toLowerCase().trim();
  const rows = word ? DATA.machines.filter((row) => row.names.toLowerCase().includes(word)) : DATA.machines;
  const total = DATA.machines.reduce((sum, row) => sum + row.count, 0);
  byId("machines-count").textContent = word ? `${counted(rows.length, "kind")} of machine with ${word}` : `${counted(total, "machine")} of ${counted(rows.length, "kind")}`;
  lazily(byId("machine-rows"), byId("more-machines"), rows, (row) => machineRow(row, word));
}

function machineRow(row, word) {
  const named = word ? row.names.split("\n").filter((name) => name.toLowerCase().includes(word)) : [];
  const shown = named.length ? named.slice(0, 6).join(", ") + (named.length > 6 ? ` +${named.length - 6} more` : "") : row.shown;
  const under = [row.count > 1 ? counted(row.count, "machine") : "", inEnvironment(row), row.power === "running" || row.power === "unknown" ? "" : row.power].filter(Boolean).join(" · ");
  const size = [row.vcpus ? counted(row.vcpus, "vCPU") : "", row.memory ? `${(row.memory / 1024).toLocaleString("en", { maximumFractionDigits: 1 })} GiB` : ""].filter(Boolean).join(", ");
  const serving = row.workloads.filter((number) => ANSWERS[WORKLOADS[number].answer] !== "Replaced by Kubernetes");
  const rest = row.workloads.length - serving.length + Math.max(0, serving.length - 12);
  const chips = serving.slice(0, 12).map((number) => make("button", { type: "button", class: `chip t${WORKLOADS[number].answer}`, on: { click: () => openPanel(number) } }, WORKLOADS[number].name));
  const kind = row.kind === "split" ? make("span", { class: "pill t2" }, "split") : row.kind && make("span", null, row.kind, row.placement !== row.kind && make("span", { class: "sub" }, row.placement));
  return make(
    "tr",
    null,
    make("td", null, make("span", { class: "mono" }, shown), under && make("span", { class: "sub" }, under)),
    make("td", null, kind || make("span", { class: "sub" }, "nothing recognised")),
    make("td", null, make("div", { class: "chips" }, chips, rest ? make("span", { class: "sub" }, serving.length > 12 ? `+${rest} more` : `${serving.length ? "and " : ""}${rest} that Kubernetes replaces`) : "")),
    make("td", { class: "num" }, size),
    make("td", null, row.os),
    make("td", { class: "mono" }, row.seen),
  );
}

function showFindings() {
  byId("findings-count").textContent = DATA.findings.length ? counted(DATA.findings.reduce((sum, one) => sum + one.count, 0), "finding") : "none";
  byId("finding-list").replaceChildren(
    ...DATA.findings.map((one) =>
      make(
        "details",
        { class: `finding ${one.severity}`, open: one.severity === "error" },
        make("summary", null, `${one.severity}: ${one.check}`, make("span", { class: "count" }, one.count.toLocaleString("en"))),
        make("ul", null, one.items.map(finding), one.count > one.items.length ? make("li", null, `and ${one.count - one.items.length} more; --format json has all`) : ""),
      ),
    ),
  );
}

function finding([environment, where, message, remedy]) {
  const place = [ENVIRONMENTS.length > 1 ? environment : "", where].filter(Boolean).join(" · ");
  return make("li", null, place && make("code", null, place), place && " ", message, remedy && make("span", { class: "remedy" }, `→ ${remedy}`));
}

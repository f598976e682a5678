// The panel with all evidence of one workload, and the edges that lead on from it.
const NODE_OF = new Map(NODES.map((node, number) => [node.workload, number]).filter(([workload]) => workload >= 0));

function openPanel(number, opener) {
  const one = WORKLOADS[number];
  state.open = number;
  if (opener) state.opener = opener;
  byId("about").replaceChildren(...aboutWorkload(one, number));
  byId("panel").hidden = false;
  byId("panel").scrollTop = 0;
  byId("about").focus({ preventScroll: true });
  for (const each of document.querySelectorAll("#rows tr")) each.setAttribute("aria-current", String(Number(each.dataset.number) === number));
  history.replaceState(null, "", `#workload=${encodeURIComponent(address(one))}`);
  focusPicture(number);
}

function closePanel() {
  if (byId("panel").hidden) return;
  byId("panel").hidden = true;
  state.open = -1;
  for (const each of document.querySelectorAll("#rows tr[aria-current=true]")) each.setAttribute("aria-current", "false");
  history.replaceState(null, "", location.pathname + location.search);
  if (state.opener && state.opener.isConnected) state.opener.focus();
}

const address = (one) => (ENVIRONMENTS[one.env] ? `${ENVIRONMENTS[one.env]}/${one.name}` : one.name);

function aboutWorkload(one, number) {
  const [facts, ...rest] = one.more.length && one.more[0][0] === "" ? one.more : [["", [], 0], ...one.more];
  return [
    make("h2", null, one.name),
    make("span", { class: "sub" }, subtitle(one)),
    make("p", { class: `t${one.answer}` }, make("span", { class: "pill" }, one.placement), " ", make("span", { class: "pill" }, one.kind), " ", one.wave === null ? "" : make("span", { class: "pill" }, waveName(one.wave))),
    make("p", { class: "lead" }, one.verdict),
    make("p", { class: one.decided ? "ours" : "lead" }, one.why),
    make("dl", { class: "facts" }, facts[1].map(([label, text]) => [make("dt", null, label), make("dd", null, text)])),
    ...neighbours(number),
    ...rest.flatMap(section),
    one.more.length ? "" : make("p", { class: "empty" }, "The evidence did not fit into this page: migrate assess --explain ", make("code", null, address(one)), " has it."),
  ];
}

function section([title, items, left]) {
  const lines = items.map(([label, text]) => make("div", null, label && make("dt", null, label), make("dd", null, text)));
  return [make("h3", null, title), make("dl", { class: "items" }, lines), left ? make("p", { class: "hint" }, `and ${left.toLocaleString("en")} more; --explain has all`) : ""];
}

// Who it needs and who needs it, as buttons that lead there.
function neighbours(number) {
  const node = NODE_OF.get(number);
  if (node === undefined) return [];
  const parts = [
    ["Follow what it needs", LINKS.filter(([source]) => source === node).map(([, target, label]) => [target, label])],
    ["Follow who needs it", LINKS.filter(([, target]) => target === node).map(([source, , label]) => [source, label])],
  ];
  return parts.filter(([, links]) => links.length).flatMap(([title, links]) => [make("h3", null, title), make("div", { class: "chips" }, links.map(([other, label]) => step(other, label)))]);
}

function step(node, label) {
  const { workload, label: name } = NODES[node];
  const text = label ? `${name} · ${label}` : name;
  if (workload < 0) return make("span", { class: "chip t3" }, text);
  return make("button", { type: "button", class: `chip t${WORKLOADS[workload].answer}`, on: { click: () => openPanel(workload) } }, text);
}

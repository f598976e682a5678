// The dependency picture. A large environment is shown around one workload, a small one whole.
const WHOLE = 70;
const around = { node: -1 };

function showPicture() {
  const env = Number(byId("picture-env").value || 0);
  const outside = byId("picture-outside").checked;
  const tied = new Set(LINKS.flatMap(([source, target]) => [source, target]));
  let nodes = NODES.map((node, number) => number).filter((number) => NODES[number].env === env && tied.has(number));
  if (!outside) nodes = nodes.filter((number) => NODES[number].workload >= 0);
  const total = nodes.length;
  if (around.node >= 0 && NODES[around.node].env === env && nodes.includes(around.node) && (total > WHOLE || around.only)) nodes = near(around.node, nodes);
  else if (total > WHOLE) nodes = busiest(nodes);
  const held = new Set(nodes);
  const links = LINKS.filter(([source, target]) => held.has(source) && held.has(target) && source !== target);
  byId("picture-count").textContent = nodes.length === total ? counted(total, "end") + `, ${counted(links.length, "arrow")}` : `${nodes.length} of ${counted(total, "end")}`;
  byId("picture-all").hidden = around.node < 0;
  byId("canvas").replaceChildren(nodes.length ? drawn(nodes, links) : make("p", { class: "empty" }, "Nothing that was seen here needs anything else."));
  highlight();
}

// Two steps from a node in both directions.
function near(start, allowed) {
  const may = new Set(allowed);
  const found = new Set([start]);
  let edge = [start];
  for (let hop = 0; hop < 2 && found.size < WHOLE; hop++) {
    const next = [];
    for (const [source, target] of LINKS)
      for (const [here, there] of [[source, target], [target, source]])
        if (edge.includes(here) && may.has(there) && !found.has(there) && found.size < WHOLE) {
          found.add(there);
          next.push(there);
        }
    edge = next;
  }
  return [...found].sort((a, b) => a - b);
}

function busiest(nodes) {
  const degree = new Map(nodes.map((node) => [node, 0]));
  for (const ends of LINKS) for (const end of ends.slice(0, 2)) if (degree.has(end)) degree.set(end, degree.get(end) + 1);
  return [...nodes].sort((a, b) => degree.get(b) - degree.get(a) || a - b).slice(0, WHOLE).sort((a, b) => a - b);
}

function drawn(nodes, links) {
  const { boxes, width, height } = layered(nodes, links);
  const arrow = draw("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto-start-reverse" }, draw("path", { d: "M0 0L8 4L0 8z" }));
  return draw(
    "svg",
    { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Who needs whom" },
    draw("defs", null, arrow),
    links.map((link) => way(link, boxes)),
    arrivals(links, boxes),
    nodes.map((node) => box(node, boxes.get(node))),
  );
}

// The ports that arrows arrive at, once for each box.
function arrivals(links, boxes) {
  const told = new Map();
  for (const [source, target, label] of links) {
    const { x } = boxes.get(target);
    if (label && boxes.get(source).x < x) told.set(target, (told.get(target) || new Set()).add(label));
  }
  return [...told].map(([target, labels]) => {
    const { x, y, height } = boxes.get(target);
    const some = [...labels].slice(0, 2).join(", ") + (labels.size > 2 ? " …" : "");
    return draw("text", { class: "port", x: x - 14, y: y + height / 2 - 7, "text-anchor": "end", "data-of": target }, some);
  });
}

function way([source, target, label], boxes) {
  const from = boxes.get(source);
  const to = boxes.get(target);
  const back = to.x <= from.x;
  const start = [back ? from.x + from.width / 2 : from.x + from.width, back ? from.y : from.y + from.height / 2];
  const end = [back ? to.x + to.width / 2 : to.x, back ? to.y + (to.y < from.y ? to.height : 0) : to.y + to.height / 2];
  const bend = Math.max(40, Math.abs(end[0] - start[0]) / 2);
  const path = back
    ? `M${start}C${start[0] + 60},${start[1] - 40} ${end[0] + 60},${end[1] + (to.y < from.y ? 40 : -40)} ${end}`
    : `M${start}C${start[0] + bend},${start[1]} ${end[0] - bend},${end[1]} ${end}`;
  const told = `${NODES[source].label} needs ${NODES[target].label}${label ? ` on ${label}` : ""}`;
  return draw(
    "g",
    { class: "way", tabindex: 0, role: "button", "aria-label": `${told}: follow`, "data-from": source, "data-to": target, on: pressed(() => follow(source, target)) },
    draw("title", null, told),
    draw("path", { class: "wide", d: path }),
    draw("path", { class: "line", d: path, "marker-end": "url(#arrow)" }),
  );
}

function box(node, { x, y, width, height }) {
  const { label, workload } = NODES[node];
  const most = Math.floor((width - 24) / BOX.letter);
  const short = label.length > most ? `${label.slice(0, most - 1)}…` : label;
  const known = workload >= 0;
  const given = { class: known ? `box t${WORKLOADS[workload].answer}` : "box outside", "data-node": node, transform: `translate(${x},${y})` };
  if (known) Object.assign(given, { tabindex: 0, role: "button", "aria-label": `${label}, ${WORKLOADS[workload].placement}`, on: pressed(() => openPanel(workload)) });
  return draw("g", given, draw("title", null, label), draw("rect", { width, height, rx: 9 }), draw("text", { x: 14, y: 22 }, short));
}

// Follow an arrow: to who is needed, or, for what is outside, only mark the arrow.
function follow(source, target) {
  const { workload } = NODES[target];
  around.way = [source, target];
  if (workload >= 0) openPanel(workload);
  else highlight();
}

function focusPicture(number) {
  const node = NODE_OF.get(number);
  if (node === undefined) return;
  around.node = node;
  byId("picture-env").value = String(NODES[node].env);
  const shown = document.querySelector(`#canvas [data-node="${node}"]`);
  if (shown && NODES.length <= WHOLE) highlight();
  else showPicture();
  const now = document.querySelector(`#canvas [data-node="${node}"]`);
  const canvas = byId("canvas");
  if (now) {
    const spot = now.getBoundingClientRect();
    const frame = canvas.getBoundingClientRect();
    canvas.scrollBy({ left: spot.left - frame.left - 120, top: spot.top - frame.top - frame.height / 2 });
  }
}

function highlight() {
  const node = around.node;
  const tied = new Set([node]);
  for (const [source, target] of LINKS) if (source === node || target === node) tied.add(source).add(target);
  const on = node >= 0 && document.querySelector(`#canvas [data-node="${node}"]`);
  for (const each of document.querySelectorAll("#canvas .box")) {
    each.classList.toggle("on", Number(each.dataset.node) === node);
    each.classList.toggle("dim", Boolean(on) && !tied.has(Number(each.dataset.node)));
  }
  for (const each of document.querySelectorAll("#canvas .port")) each.classList.toggle("dim", Boolean(on) && !tied.has(Number(each.dataset.of)));
  for (const each of document.querySelectorAll("#canvas .way")) {
    const [source, target] = [Number(each.dataset.from), Number(each.dataset.to)];
    each.classList.toggle("on", Boolean(around.way) && around.way[0] === source && around.way[1] === target);
    each.classList.toggle("dim", Boolean(on) && source !== node && target !== node);
  }
}

function startPicture() {
  choices(byId("picture-env"), "", ENVIRONMENTS.map((name, number) => [number, name || "estate"]));
  byId("picture-env").firstChild.remove();
  const used = new Set(WORKLOADS.map((one) => one.answer));
  byId("legend").replaceChildren(...ANSWERS.map((name, number) => (used.has(number) ? make("span", { class: `pill t${number}` }, name) : "")).filter(Boolean));
  for (const id of ["picture-env", "picture-outside"]) byId(id).addEventListener("change", showPicture);
  byId("picture-all").addEventListener("click", () => {
    around.node = -1;
    around.way = null;
    showPicture();
  });
  showPicture();
}

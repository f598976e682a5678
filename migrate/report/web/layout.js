// Where boxes of the picture go: who needs stands left of who is needed, and lines cross seldom.
const BOX = { height: 34, gap: 14, column: 90, letter: 7.4, least: 90, most: 300 };

function layered(nodes, links) {
  const out = new Map(nodes.map((node) => [node, []]));
  for (const [source, target] of links) out.get(source).push(target);
  const depth = depths(nodes, out);
  const columns = [];
  for (const node of nodes) (columns[depth.get(node)] ||= []).push(node);
  const filled = columns.filter(Boolean);
  untangle(filled, links);
  return placedIn(filled);
}

// The longest way from a node that nobody needs; an arrow that would close a circle does not count.
function depths(nodes, out) {
  const order = [];
  const mark = new Map();
  for (const start of nodes) {
    const stack = [[start, 0]];
    if (mark.has(start)) continue;
    mark.set(start, 1);
    while (stack.length) {
      const top = stack[stack.length - 1];
      const next = out.get(top[0])[top[1]++];
      if (next === undefined) {
        order.push(top[0]);
        mark.set(top[0], 2);
        stack.pop();
      } else if (!mark.has(next)) {
        mark.set(next, 1);
        stack.push([next, 0]);
      }
    }
  }
  const rank = new Map(order.map((node, number) => [node, number]));
  const depth = new Map(nodes.map((node) => [node, 0]));
  for (const node of order.reverse())
    for (const next of out.get(node)) if (rank.get(next) < rank.get(node)) depth.set(next, Math.max(depth.get(next), depth.get(node) + 1));
  return depth;
}

// Each column is ordered by the middle of its neighbours in the others, to and fro.
function untangle(columns, links) {
  const near = new Map(columns.flat().map((node) => [node, []]));
  for (const [source, target] of links) {
    near.get(source).push(target);
    near.get(target).push(source);
  }
  const height = new Map();
  const settle = (column) => column.forEach((node, place) => height.set(node, (place + 0.5) / column.length));
  columns.forEach(settle);
  for (let sweep = 0; sweep < 6; sweep++) {
    for (const column of sweep % 2 ? [...columns].reverse() : columns) {
      const middle = new Map(column.map((node) => [node, mean(near.get(node).map((other) => height.get(other)), height.get(node))]));
      column.sort((a, b) => middle.get(a) - middle.get(b) || a - b);
      settle(column);
    }
  }
}

const mean = (values, otherwise) => (values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : otherwise);
const widthOf = (node) => Math.min(BOX.most, Math.max(BOX.least, NODES[node].label.length * BOX.letter + 28));

function placedIn(columns) {
  const tallest = Math.max(...columns.map((column) => column.length), 1);
  const height = tallest * (BOX.height + BOX.gap);
  const boxes = new Map();
  let x = 10;
  for (const column of columns) {
    const width = Math.max(...column.map(widthOf));
    const top = (height - column.length * (BOX.height + BOX.gap)) / 2;
    column.forEach((node, place) => boxes.set(node, { x, y: top + place * (BOX.height + BOX.gap) + 10, width, height: BOX.height }));
    x += width + BOX.column;
  }
  return { boxes, width: x - BOX.column + 20, height: height + 20 };
}

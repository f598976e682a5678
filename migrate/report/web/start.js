// SPDX-License-Identifier: Apache-2.0
// The data, and how elements are made of it: always as text, never as markup.
"use strict";
const DATA = JSON.parse(document.getElementById("data").textContent);
const { workloads: WORKLOADS, nodes: NODES, links: LINKS, answers: ANSWERS, environments: ENVIRONMENTS } = DATA;
const SVG = "http://www.w3.org/2000/svg";
const CHUNK = 80;
const byId = (id) => document.getElementById(id);
const state = { open: -1, sort: "", down: false, opener: null };

function fill(element, given, children) {
  for (const [key, value] of Object.entries(given || {})) {
    if (key === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child || child === 0));
  return element;
}
const make = (tag, given, ...children) => fill(document.createElement(tag), given, children);
const draw = (tag, given, ...children) => fill(document.createElementNS(SVG, tag), given, children);
const counted = (number, one) => `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;
const waveName = (wave) => (wave === null ? "" : wave === 0 ? "stays" : `wave ${wave}`);
const inEnvironment = (one) => (ENVIRONMENTS.length > 1 ? ENVIRONMENTS[one.env] : "");

// A title says nothing where it only repeats the name.
const subtitle = (one) => [one.title.toLowerCase() === one.name.toLowerCase() ? "" : one.title, inEnvironment(one)].filter(Boolean).join(" · ");

// What a person can do with a click she can do with Enter or the space bar.
function pressed(act) {
  return {
    click: act,
    keydown: (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        act(event);
      }
    },
  };
}

// Rows are made when they are about to be seen: ten thousand at once would keep a browser busy for seconds.
function lazily(body, foot, rows, build) {
  let shown = 0;
  const more = () => {
    const part = rows.slice(shown, shown + CHUNK);
    shown += part.length;
    body.append(...part.map(build));
  };
  body.replaceChildren();
  if (foot.watcher) foot.watcher.disconnect();
  more();
  foot.watcher = new IntersectionObserver(
    (seen) => {
      while (seen.some((one) => one.isIntersecting) && shown < rows.length) {
        more();
        if (foot.getBoundingClientRect().top > window.innerHeight + 600) break;
      }
    },
    { rootMargin: "600px" },
  );
  foot.watcher.observe(foot);
}

function choices(select, title, options) {
  select.replaceChildren(make("option", { value: "" }, title), ...options.map(([value, text]) => make("option", { value }, text)));
  select.hidden = options.length < 2;
}

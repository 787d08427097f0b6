"use strict";

// Everything a tenant wrote reaches the page through textContent, never as markup.

const OVERSCAN = 8;
const PRINTED = 1000;
const PRINTED_VALUES = 4;
const PRINTED_LENGTH = 240;
const PRINT_STATUSES = new Set(["fail", "warn", "not-assessed"]);
const [ID, NAME, TYPE, SUBSCRIPTION, SUBSCRIPTION_NAME, GROUP, LOCATION, TENANT] = [
  0, 1, 2, 3, 4, 5, 6, 7,
];

const find = (id) => document.getElementById(id);
const number = (value) => value.toLocaleString("en-US");

/** Make an element: a class, and children that are elements or plain text. */
function make(name, className, ...children) {
  const node = document.createElement(name);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/** Unpack the results that the page carries. */
async function load() {
  const packed = find("payload").textContent;
  find("payload").remove();
  const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
  const gunzip = new DecompressionStream("gzip");
  const data = await new Response(new Blob([bytes]).stream().pipeThrough(gunzip)).json();
  data.starts = new Uint32Array(data.counts.length + 1);
  data.counts.forEach((count, row) => (data.starts[row + 1] = data.starts[row] + count));
  return data;
}

/** Say everything about one result in words, for the list and for print. */
function describe(data, row) {
  const target = data.targets[data.target[row]].map((text) => data.texts[text]);
  return {
    check: data.checks[data.check[row]],
    status: data.statuses[data.status[row]],
    target,
    where: [target[SUBSCRIPTION_NAME] || target[SUBSCRIPTION], target[GROUP]]
      .filter(Boolean)
      .join(" / "),
    reason: data.texts[data.reason[row]],
    advice: data.texts[data.advice[row]],
    exemption: data.texts[data.exemption[row]],
    evidence: data.items
      .slice(data.starts[row], data.starts[row + 1])
      .map((item) => data.evidence[item].map((text) => data.texts[text])),
  };
}

// --- Which results -----------------------------------------------------------------

/** Return all that a check says of itself. */
const wordsOf = (check) => Object.values(check).flat().join("\n").toLowerCase();

/**
 * Return a test of whether a result contains every word, anywhere in its text.
 * The whole id of a resource stands for that resource, not for all that refers to it.
 */
function search(data, query) {
  data.lowered ??= data.texts.map((text) => text.toLowerCase());
  const wanted = query.trim().toLowerCase();
  const own = data.targets.map((target) => data.lowered[target[ID]] === wanted);
  if (own.includes(true)) return (row) => own[data.target[row]];
  const words = wanted.split(/\s+/).filter(Boolean);
  const hits = words.map((word) => {
    const texts = data.lowered.map((text) => text.includes(word));
    const holds = (texts_) => texts_.some((text) => texts[text]);
    return {
      texts,
      checks: data.checks.map((check) => wordsOf(check).includes(word)),
      targets: data.targets.map(holds),
      evidence: data.evidence.map(holds),
    };
  });
  const touches = (row, hit) =>
    hit.checks[data.check[row]] ||
    hit.targets[data.target[row]] ||
    hit.texts[data.reason[row]] ||
    hit.texts[data.advice[row]] ||
    hit.texts[data.exemption[row]] ||
    data.items.slice(data.starts[row], data.starts[row + 1]).some((item) => hit.evidence[item]);
  return (row) => hits.every((hit) => touches(row, hit));
}

/** Return the results that the controls let through, worst first. */
function select(data, form) {
  const asked = new FormData(form);
  const ticked = (name, values) => values.map((value) => asked.getAll(name).includes(value));
  const statuses = ticked("status", data.statuses);
  const severities = ticked("severity", data.severities);
  const [topic, control] = [asked.get("topic"), asked.get("control")];
  const subscription = asked.get("subscription");
  const checks = data.checks.map(
    (check) =>
      severities[data.severities.indexOf(check.severity)] &&
      (topic === "*" || check.topic === topic) &&
      (control === "*" || check.controls.includes(control)),
  );
  const targets = data.targets.map(
    (target) =>
      subscription === "*" || data.texts[target[SUBSCRIPTION]].toLowerCase() === subscription,
  );
  const found = search(data, asked.get("search"));
  const rows = [];
  for (let row = 0; row < data.status.length; row++) {
    if (!statuses[data.status[row]] || !checks[data.check[row]]) continue;
    if (targets[data.target[row]] && found(row)) rows.push(row);
  }
  return rows;
}

/** What a result is grouped under: a check supports several controls, or none. */
const GROUP_KEYS = {
  topic: (data, row) => [data.checks[data.check[row]].topic],
  resource: (data, row) => [data.texts[data.targets[data.target[row]][ID]]],
  check: (data, row) => [data.checks[data.check[row]].id],
  control: (data, row) => data.checks[data.check[row]].controls,
};

/** Return what the list shows: rows, or groups with the rows of those unfolded. */
function arrange(data, rows, by, unfolded) {
  if (!by) return rows;
  const groups = new Map();
  for (const row of rows) {
    for (const key of GROUP_KEYS[by](data, row)) {
      if (!groups.has(key)) groups.set(key, { key, rows: [] });
      groups.get(key).rows.push(row);
    }
  }
  return [...groups.values()].flatMap((group) =>
    unfolded.has(group.key) ? [group, ...group.rows] : [group],
  );
}

// --- One result --------------------------------------------------------------------

function chips({ check, status, exemption }) {
  const all = [make("span", `chip ${check.severity}`, check.severity)];
  all.push(make("span", `chip ${status}`, status));
  if (exemption) all.push(make("span", "chip exempted", "accepted"));
  return make("span", "chips", ...all);
}

function resultButton(data, row) {
  const result = describe(data, row);
  return make(
    "button",
    "result",
    chips(result),
    make("span", "what", make("b", "", result.check.title), make("span", "", result.reason)),
    make("span", "on", make("b", "", result.target[NAME]), make("span", "", result.where)),
  );
}

function groupButton(data, group) {
  const counts = new Map();
  for (const row of group.rows) {
    const status = data.statuses[data.status[row]];
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  const parts = [...counts].map(([status, count]) =>
    make("span", `chip ${status}`, `${number(count)} ${status}`),
  );
  return make("button", "group", make("b", "", group.key), make("span", "chips", ...parts));
}

function facts(pairs) {
  const list = make("dl", "facts");
  for (const [name, value] of pairs) {
    if (value) list.append(make("dt", "", name), make("dd", "", value));
  }
  return list;
}

/** Return a heading of a table: of a column, or of the rows below it. */
function heading(scope, text) {
  const cell = make("th", "", text);
  cell.scope = scope;
  return cell;
}

function evidence(items) {
  if (!items.length) return make("p", "note", "No value was read for this answer.");
  const heads = ["ARM path", "Value"].map((name) => heading("col", name));
  const table = make("table", "", make("thead", "", make("tr", "", ...heads)));
  const byResource = new Map();
  for (const [id, ...item] of items) byResource.set(id, [...(byResource.get(id) ?? []), item]);
  for (const [id, read] of byResource) {
    const owner = heading("rowgroup", id);
    owner.className = "id";
    owner.colSpan = heads.length;
    const rows = read.map(([path, value, version]) =>
      make(
        "tr",
        "",
        make("td", "", make("code", "", path), make("small", "below", version)),
        make("td", "", make("code", "", value)),
      ),
    );
    table.append(make("tbody", "", make("tr", "", owner), ...rows));
  }
  return table;
}

function section(title, ...children) {
  return make("section", "", make("h3", "", title), ...children);
}

/** Return the whole of one result: reason, evidence, how to fix it, where it is from. */
function detail(data, row) {
  const { check, target, reason, advice, exemption, evidence: items } = describe(data, row);
  const verdict = make("div", "verdict", section("Why this verdict", make("p", "", reason)));
  if (exemption) verdict.append(section("Accepted", make("p", "", exemption)));
  if (advice) verdict.append(section("What to do here", make("p", "", advice)));
  verdict.append(section("Evidence", evidence(items)));
  verdict.append(
    section(
      "Resource",
      facts([
        ["Id", target[ID]],
        ["Type", target[TYPE]],
        ["Subscription", `${target[SUBSCRIPTION_NAME]} ${target[SUBSCRIPTION]}`.trim()],
        ["Location", target[LOCATION]],
        ["Tenant", target[TENANT]],
      ]),
    ),
  );
  const page = make("div", "page", make("h3", "", check.title));
  page.append(find(`doc-${data.check[row]}`).content.cloneNode(true));
  const origin = facts([
    ["Check", check.id],
    ["Guidance", check.guidance.join("; ")],
    ["Controls", check.supports.join(", ")],
  ]);
  page.append(origin);
  return make("div", "detail", verdict, page);
}

// --- The list: only what is in view is in the document ------------------------------

function startList(data, list) {
  const view = { items: [], nodes: new Map(), open: -1, extra: 0, toggle: null };
  const rowHeight = () => parseFloat(getComputedStyle(list).getPropertyValue("--row"));
  let height = rowHeight();

  const above = (position) => (view.open >= 0 && position > view.open ? view.extra : 0);
  const at = (y) => {
    if (view.open < 0 || y < (view.open + 1) * height) return Math.floor(y / height);
    return Math.max(view.open, Math.floor((y - view.extra) / height));
  };
  const sizes = new ResizeObserver(([entry]) => {
    view.extra = entry.target.isConnected ? entry.target.offsetHeight : view.extra;
    place();
  });

  function place() {
    list.style.height = `${view.items.length * height + above(view.items.length)}px`;
    for (const [position, node] of view.nodes) {
      node.style.transform = `translateY(${position * height + above(position)}px)`;
    }
  }

  function build(position) {
    const item = view.items[position];
    const isRow = typeof item === "number";
    const button = isRow ? resultButton(data, item) : groupButton(data, item);
    const open = isRow ? position === view.open : view.unfolded.has(item.key);
    button.type = "button";
    button.setAttribute("aria-expanded", String(open));
    const node = make("div", isRow ? "item" : "item heading", button);
    node.setAttribute("role", "listitem");
    node.setAttribute("aria-posinset", String(position + 1));
    node.setAttribute("aria-setsize", String(view.items.length));
    node.dataset.position = String(position);
    if (isRow && open) {
      node.append(detail(data, item));
      sizes.observe(node.lastChild);
    }
    return node;
  }

  /** Bring the document in line with what is in view; `wanted` is there in any case. */
  function draw(wanted = -1) {
    const offset = -list.getBoundingClientRect().top;
    const first = Math.max(0, at(offset) - OVERSCAN);
    const last = Math.min(view.items.length - 1, at(offset + innerHeight) + OVERSCAN);
    const kept = (position) =>
      (position >= first && position <= last) || position === wanted || position === view.open;
    for (const [position, node] of view.nodes) {
      if (kept(position) || node.contains(document.activeElement)) continue;
      node.remove();
      view.nodes.delete(position);
    }
    const positions = new Set([view.open, wanted, ...view.nodes.keys()]);
    for (let position = first; position <= last; position++) positions.add(position);
    let cursor = list.firstChild;
    for (const position of [...positions].filter((p) => p >= 0).sort((a, b) => a - b)) {
      if (!view.nodes.has(position)) view.nodes.set(position, build(position));
      const node = view.nodes.get(position);
      if (node === cursor) cursor = cursor.nextSibling;
      else list.insertBefore(node, cursor);
    }
    place();
  }

  function show(items, unfolded) {
    Object.assign(view, { items, unfolded, open: -1, extra: 0 });
    view.nodes.clear();
    list.replaceChildren();
    draw();
  }

  function refresh(position) {
    sizes.disconnect();
    view.nodes.get(position)?.remove();
    view.nodes.delete(position);
  }

  function toggle(position) {
    const [item, before] = [view.items[position], view.open];
    if (typeof item !== "number") return view.toggle(item);
    view.open = before === position ? -1 : position;
    view.extra = 0;
    [before, position].forEach(refresh);
    draw(position);
    return focus(position);
  }

  function focus(position) {
    draw(position);
    const button = view.nodes.get(position)?.firstChild;
    button?.focus({ preventScroll: true });
    button?.scrollIntoView({ block: "nearest" });
  }

  const positionOf = (event) => Number(event.target.closest(".item").dataset.position);
  list.addEventListener("click", (event) => {
    if (event.target.closest(".item > button")) toggle(positionOf(event));
  });
  list.addEventListener("keydown", (event) => {
    if (!event.target.matches(".item > button")) return;
    const position = positionOf(event);
    const end = view.items.length - 1;
    const moves = { ArrowDown: position + 1, ArrowUp: position - 1, Home: 0, End: end };
    if (!(event.key in moves)) return;
    event.preventDefault();
    focus(Math.min(end, Math.max(0, moves[event.key])));
  });
  let queued = false;
  const later = () => {
    if (queued) return;
    queued = true;
    requestAnimationFrame(() => {
      queued = false;
      height = rowHeight();
      draw();
    });
  };
  addEventListener("scroll", later, { passive: true });
  addEventListener("resize", later);
  return { view, show, focus };
}

// --- The page ----------------------------------------------------------------------

/** Show of a control all that its checks answered, check by check. */
function showWhole(form) {
  form.elements.group.value = "check";
  form.querySelectorAll("[name=status]").forEach((box) => (box.checked = true));
}

function startControls(data, form, list) {
  const unfolded = new Set();
  let [rows, by] = [[], ""];

  const arranged = () => arrange(data, rows, by, unfolded);
  const apply = () => {
    by = form.elements.group.value;
    rows = select(data, form);
    const counted = `${number(rows.length)} of ${number(data.status.length)} results`;
    find("count").textContent = rows.length ? counted : `${counted}: nothing matches.`;
    list.show(arranged(), unfolded);
  };
  list.view.toggle = (group) => {
    if (!unfolded.delete(group.key)) unfolded.add(group.key);
    list.show(arranged(), unfolded);
    list.focus(list.view.items.findIndex((item) => item.key === group.key));
  };

  let timer = 0;
  form.addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(apply, event.target.type === "search" ? 150 : 0);
  });
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", (event) => {
    const jump = event.target.closest(".jump");
    if (!jump) return;
    form.reset();
    form.elements[jump.dataset.set].value = jump.dataset.value;
    if (jump.dataset.set === "control") showWhole(form);
    setTimeout(apply);
    find("results").scrollIntoView();
    find("results").focus({ preventScroll: true });
  });
  apply();
}

/** Return one result as paper has it: where, why, what to do and what it rests on. */
function printed(result) {
  const block = make("article", "", make("p", "id", chips(result), " ", result.target[ID]));
  block.append(make("p", "", result.reason));
  if (result.exemption) block.append(make("p", "", `Accepted: ${result.exemption}`));
  if (result.advice) block.append(make("p", "", result.advice));
  for (const [, path, value] of result.evidence.slice(0, PRINTED_VALUES)) {
    const text = `${path} = ${value}`;
    const cut = text.length > PRINTED_LENGTH ? `${text.slice(0, PRINTED_LENGTH)}…` : text;
    block.append(make("p", "", make("code", "", cut)));
  }
  const left = result.evidence.length - PRINTED_VALUES;
  if (left > 0) block.append(make("p", "note", `${number(left)} more values on the page.`));
  return block;
}

/** Write what needs attention out, check by check: the list in view is no use on paper. */
function startPrint(data, place) {
  let folded = [];
  addEventListener("beforeprint", () => {
    const rows = [...data.status.keys()].filter((row) =>
      PRINT_STATUSES.has(data.statuses[data.status[row]]),
    );
    const shown = rows.slice(0, PRINTED);
    const said =
      shown.length < rows.length
        ? `The first ${number(PRINTED)} of ${number(rows.length)}; all are on the page.`
        : "Findings and what was not assessed, worst first.";
    place.replaceChildren(make("p", "note", said));
    for (const group of arrange(data, shown, "check", new Set())) {
      const results = group.rows.map((row) => describe(data, row));
      place.append(make("h3", "", results[0].check.title, " ", make("small", "", group.key)));
      place.append(...results.map(printed));
    }
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((node) => (node.open = true));
  });
  addEventListener("afterprint", () => {
    place.replaceChildren();
    folded.forEach((node) => (node.open = false));
  });
}

async function start() {
  try {
    const data = await load();
    startControls(data, find("controls"), startList(data, find("list")));
    startPrint(data, find("print"));
  } catch (error) {
    find("count").textContent =
      `This browser could not unpack the results (${error.message}); the csv and json formats hold them.`;
    throw error;
  }
}

start();

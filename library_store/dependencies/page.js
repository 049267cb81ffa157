"use strict";
// The blocks are deflated JSON in base64: `index` (names, numbers, edges) is unpacked first, one of the others when a
// lemma in it is looked at. Every text reaches the page as text, never as markup.
const unpack = async id => {
  const packed = Uint8Array.from(atob(document.getElementById(id).textContent), sign => sign.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
};
const one = id => document.getElementById(id);
const make = (tag, text, attributes = {}) => {
  const node = document.createElement(tag);
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
};
const drawn = (tag, attributes, text = "") => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
};
const ROWS = 100, NEAR = 16, LISTED = 60;
const state = { order: [], chosen: [], rows: ROWS, sorted: -1, down: false, group: -1 };
const details = new Map();
let data, users;

const shownNumber = value => Number.isInteger(value) ? String(value) : value.toPrecision(3);
const link = number => make("a", data.names[number], { href: `#n=${number}` });
const used = number => data.ends.slice(data.first[number], data.first[number + 1]);

function reversed() {
  const found = data.names.map(() => []);
  for (let user = 0; user < data.names.length; user++)
    for (let place = data.first[user]; place < data.first[user + 1]; place++) found[data.ends[place]].push(user);
  return found;
}

function choose() {
  const words = one("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = number => (state.group < 0 || data.group[number] === state.group)
    && words.every(word => data.lower[number].includes(word));
  state.chosen = state.order.filter(fits);
  state.rows = ROWS;
  const what = state.group < 0 ? "All" : `Community of ${data.leaders[state.group] ?? "few"}`;
  one("heading").textContent = what;
  table();
}

function table() {
  const body = document.querySelector("#nodes tbody");
  body.replaceChildren(...state.chosen.slice(0, state.rows).map(number => {
    const row = make("tr", "");
    const cell = make("td", "");
    cell.append(link(number));
    if (data.said.length && data.said[number]) cell.append(make("br", ""), make("code", data.said[number]));
    row.append(cell, make("td", data.kinds[data.kind[number]]));
    for (const column of data.columns) row.append(make("td", shownNumber(column.values[number])));
    return row;
  }));
  one("shown").textContent = `${Math.min(state.rows, state.chosen.length)} of ${state.chosen.length}`;
  one("more").hidden = state.rows >= state.chosen.length;
}

function sort(column) {
  state.down = state.sorted === column ? !state.down : column > 1;
  state.sorted = column;
  const sign = state.down ? -1 : 1;
  const names = (a, b) => data.lower[a] < data.lower[b] ? -1 : data.lower[a] > data.lower[b] ? 1 : a - b;
  const values = column > 1 ? data.columns[column - 2].values : data.kind;
  state.order.sort(column === 0 ? (a, b) => sign * names(a, b) : (a, b) => sign * (values[a] - values[b]) || a - b);
  choose();
}

function list(title, numbers) {
  const part = make("div", "");
  part.append(make("h3", `${title} (${numbers.length})`));
  const items = make("ul", "");
  const fill = part => items.append(...part.map(number => {
    const item = make("li", "");
    item.append(link(number));
    return item;
  }));
  fill(numbers.slice(0, LISTED));
  part.append(items);
  if (numbers.length > LISTED) {
    const rest = make("button", `${numbers.length - LISTED} more`);
    rest.onclick = () => { fill(numbers.slice(LISTED)); rest.remove(); };
    part.append(rest);
  }
  return part;
}

function near(number, above, below) {
  const left = above.slice(0, NEAR), right = below.slice(0, NEAR);
  const height = 24 * Math.max(left.length, right.length, 1) + 16;
  const picture = drawn("svg", { viewBox: `0 0 1100 ${height}`, class: "map", role: "img" });
  const middle = height / 2;
  const put = (other, x, y, anchor) => {
    const target = drawn("a", { href: `#n=${other}`, class: data.kinds[data.kind[other]].split(" ")[0] });
    const name = data.names[other];
    target.append(drawn("circle", { cx: x, cy: y, r: other === number ? 8 : 5 }),
      drawn("text", { x: anchor === "end" ? x - 10 : anchor === "start" ? x + 10 : x, y: anchor === "middle" ? y - 14 : y + 4,
        "text-anchor": anchor }, name.length > 46 ? name.slice(0, 45) + "…" : name),
      drawn("title", {}, name));
    picture.append(target);
  };
  const column = (numbers, x, anchor) => numbers.forEach((other, row) => {
    const y = middle + 24 * (row - (numbers.length - 1) / 2);
    const bend = (550 - x) / 2;
    picture.append(drawn("path", { d: `M${x},${y} C${x + bend},${y} ${550 - bend},${middle} 550,${middle}` }));
    put(other, x, y, anchor);
  });
  column(left, 360, "end");
  column(right, 740, "start");
  put(number, 550, middle, "middle");
  return picture;
}

async function lemma(number) {
  const block = Math.floor(number / data.block);
  if (!details.has(block)) details.set(block, await unpack(`block${block}`));
  const [statement, proof, where, lineage] = details.get(block)[number % data.block];
  const above = users[number], below = used(number);
  const part = one("lemma");
  part.replaceChildren(make("h2", data.names[number]));
  const facts = [data.kinds[data.kind[number]], where,
    ...data.columns.map(column => `${column.name} ${shownNumber(column.values[number])}`)];
  part.append(make("p", facts.filter(Boolean).join(" · "), { class: "note" }));
  if (statement) part.append(make("pre", statement, { id: "statement" }));
  if (proof) part.append(make("h3", "Proof"), make("pre", proof, { id: "proof" }));
  if (lineage.length) {
    const items = make("ul", "");
    for (const line of lineage) items.append(make("li", line));
    part.append(make("h3", "Lineage"), items);
  }
  part.append(make("h3", "Around it: what uses it left, what it uses right"), near(number, above, below));
  const columns = make("div", "", { class: "columns" });
  columns.append(list("Used by", above), list("Uses", below));
  part.append(columns);
  if (data.leaders[data.group[number]] !== undefined)
    part.append(make("a", `its community, that of ${data.leaders[data.group[number]]}`, { href: `#c=${data.group[number]}` }));
}

async function show() {
  const [, kind, number] = /^#(n|c)=(\d+)$/.exec(location.hash) ?? [];
  const known = kind === "n" && Number(number) < data.names.length;
  if (known) await lemma(Number(number));
  one("lemma").hidden = !known;
  one("overview").hidden = Boolean(kind);
  one("list").hidden = known;
  state.group = kind === "c" ? Number(number) : -1;
  if (!known) choose();
  window.scrollTo(0, 0);
}

async function start() {
  data = await unpack("index");
  data.lower = data.names.map((name, number) => `${name} ${data.said[number] ?? ""}`.toLowerCase());
  users = reversed();
  state.order = data.names.map((_, number) => number);
  const head = document.querySelector("#nodes thead tr");
  ["name", "kind", ...data.columns.map(column => column.name)].forEach((name, column) => {
    const cell = make("th", "");
    const button = make("button", name);
    button.onclick = () => sort(column);
    cell.append(button);
    head.append(cell);
  });
  let waiting;
  one("search").oninput = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      if (/^#n=/.test(location.hash)) history.replaceState(null, "", "#");
      one("lemma").hidden = true;
      one("list").hidden = false;
      one("overview").hidden = Boolean(one("search").value) || state.group >= 0;
      choose();
    }, 80);
  };
  one("more").onclick = () => { state.rows += 5 * ROWS; table(); };
  addEventListener("hashchange", show);
  await show();
  document.body.dataset.ready = "1";
}
start();

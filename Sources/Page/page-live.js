// MARK: Over time

const svg = (tag, attributes, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};
const utc = text => Date.parse(text.includes("T") ? text : text.replace(" ", "T") + "Z");
function chart(box, label, value, unit) {
  const windows = rest.windows.ten_seconds, width = Math.max(280, box.clientWidth), height = 150;
  const [left, right, top, bottom] = [46, 6, 8, 20], now = windows.length ? utc(windows.at(-1).at) : Date.now(), from = now - 600e3;
  const points = name => windows.map(w => [utc(w.at), value(w.stacks[name]?.primary)]).filter(([at, y]) => at >= from && y != null);
  const lines = { legacy: points("legacy"), new: points("new") };
  const most = Math.max(1e-9, ...Object.values(lines).flat().map(([, y]) => y));
  const x = at => left + (at - from) / 600e3 * (width - left - right), y = v => top + (1 - v / most) * (height - top - bottom);
  const words = text => document.createTextNode(text);
  const parts = [0, .5, 1].flatMap(share => [
    svg("line", { class: "grid", x1: left, x2: width - right, y1: y(most * share), y2: y(most * share) }),
    svg("text", { x: left - 4, y: y(most * share) + 4, "text-anchor": "end" }, words(number(most * share))),
  ]);
  for (const minutes of [10, 5, 0]) parts.push(svg("text", { x: x(now - minutes * 60e3), y: height - 4, "text-anchor": minutes === 10 ? "start" : minutes ? "middle" : "end" }, words(minutes ? "−" + minutes + " min" : "now")));
  for (const flip of rest.ledger.cutover_story ?? []) {
    const at = utc(flip.at);
    if (at < from || at > now + 10e3) continue;
    parts.push(svg("line", { class: "flip", x1: x(at), x2: x(at), y1: top, y2: height - bottom }, svg("title", {}, words(flip.at + " " + flip.who + ": " + flip.action + " " + flip.to))));
  }
  for (const [name, line] of Object.entries(lines)) {
    if (line.length) parts.push(svg("polyline", { class: name, points: line.map(([at, v]) => x(at).toFixed(1) + "," + y(v).toFixed(1)).join(" ") }));
  }
  const last = name => lines[name].length ? number(lines[name].at(-1)[1]) + " " + unit : "none";
  box.replaceChildren(svg("svg", { viewBox: "0 0 " + width + " " + height, height, role: "img", "aria-label": label + ": legacy " + last("legacy") + ", new " + last("new") }, ...parts));
}
function charts() {
  if (!rest) return;
  chart($("operations"), "commands of clients", w => w?.per_second, "a second");
  chart($("latency"), "99th percentile", w => w && w.operations ? w.p99_us / 1000 : null, "ms");
}
addEventListener("resize", charts);

// MARK: What the ledger says

const quoted = text => "'" + text.replaceAll("'", "'\\''") + "'";
function about(row) {
  const ledger = rest.ledger, keys = (ledger.latest_divergences ?? []).filter(one => one.kind === row.kind && one.command === row.command).slice(0, 8);
  set($("about-h"), row.kind + " in " + row.command + ": " + row.pattern);
  $("about-keys").replaceChildren(...keys.map(one => make("li", {}, one.at + " " + one.key + " (legacy " + one.legacy_length + " bytes, new " + one.new_length + " bytes)")));
  $("about-cmd").textContent = "sluice which " + quoted(String(row.example)) + "\nsluice verify --match " + quoted(row.pattern) + "\nsluice close --kind " + row.kind + " --keys " + quoted(row.pattern) + " \"why\"";
  $("about").hidden = false;
  $("about-h").focus();
}
function ledger() {
  const found = rest.ledger, keys = found.which_keys ?? [];
  fill($("differs"), keys.map(row => [row.pattern, row.kind, row.command, { text: number(row.count), name: "n" }, row.last_seen, { button: "look", label: "look closer at " + row.kind + " of " + row.pattern, act: () => about(row) }]));
  show($("differs-t"), keys.length > 0);
  set($("differs-none"), found.ledger ? "The ledger: " + found.ledger : "Nothing is written down.");
  show($("differs-none"), keys.length === 0);
  const flips = (found.cutover_story ?? []).map(row => ({ at: row.at, who: row.who, what: row.action + ": " + row.from + " → " + (row.action === "rollback" ? "rolled back" : row.to), why: row.reason, name: row.action === "rollback" ? "bad" : "" }));
  const made = (found.why ?? []).map(row => ({ at: row.at, who: row.who, what: row.action + (row.step ? ": " + row.step : ""), why: row.words + (row.signal ? " (" + row.signal + ": " + number(row.bad) + " of " + number(row.total) + ", limit " + row.limit + ")" : ""), name: "" }));
  const story = [...flips, ...made].sort((a, b) => a.at < b.at ? 1 : -1).slice(0, 40);
  fill($("story"), story.map(row => [row.at.slice(0, 19), row.who, { text: row.what, name: row.name }, row.why]));
  show($("story-t"), story.length > 0);
  show($("story-none"), story.length === 0);
}

// MARK: Listening

const draw = {
  you(data) { you = data; if (status) head(); },
  status(data) { status = data; heard = performance.now(); head(); way(); pair(); rails(); sides(); age(); },
  rest(data) { rest = data; charts(); ledger(); },
  fleet(data) { fleet = data; if (status) together(); },
};
function age() {
  const seconds = (performance.now() - heard) / 1000, isStale = heard > 0 && seconds > 3;
  document.body.classList.toggle("stale", isStale);
  if (heard) set($("age"), isStale ? "NO ANSWER for " + Math.floor(seconds) + " s: this is old" : "as of now");
}
setInterval(age, 250);
const wait = time => new Promise(done => setTimeout(done, time));
async function listen() {
  const stop = new AbortController();
  let quiet = setTimeout(() => stop.abort(), 5000);
  const answer = await fetch("/events", { headers: headers(), signal: stop.signal, cache: "no-store" });
  if (answer.status === 401) return ask(token ? "That is no token of this door." : "This door asks for a token.");
  if (!answer.ok) {
    clearTimeout(quiet);
    say((await answer.json()).error ?? "no answer", true);
    return wait(5000);
  }
  show($("said"), false);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    clearTimeout(quiet);
    // A proxy that was cut off says nothing any more, not even that.
    quiet = setTimeout(() => stop.abort(), 5000);
    const events = (text + value).split("\n\n");
    text = events.pop();
    for (const event of events) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/s.exec(event) ?? [];
      if (draw[name]) draw[name](JSON.parse(data));
    }
  }
}
let asked;
function ask(why) {
  set($("ask-why"), why);
  if (!$("ask").open) $("ask").showModal();
  $("token").focus();
  return new Promise(done => { asked = done; });
}
$("ask").oncancel = event => event.preventDefault();
$("ask-f").onsubmit = event => {
  event.preventDefault();
  token = $("token").value.trim();
  $("token").value = "";
  try { sessionStorage.setItem("token", token); } catch { /* Kept for this page alone then. */ }
  $("ask").close();
  asked?.();
};
async function forever() {
  for (;;) {
    try { await listen(); } catch { /* Age tells. */ }
    await wait(500);
  }
}
$("app").hidden = false;
forever();

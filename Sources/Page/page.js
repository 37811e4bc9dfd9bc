"use strict";
// Everything that comes from outside is put into the page as text: a key's name or a server's words are never anything else.
const $ = id => document.getElementById(id);
const make = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};
const set = (node, text, name) => {
  text = String(text ?? "");
  if (node.textContent !== text) node.textContent = text;
  if (name !== undefined && node.className !== name) node.className = name;
};
const show = (node, isShown) => { if (node.hidden === isShown) node.hidden = !isShown; };
/** Rows of cells into a table, in place, so that focus and selection stay. A cell is text, or {text, name}, or {button, act}. */
function fill(body, rows) {
  const heads = body.parentElement.tHead?.rows[0].cells;
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, r) => {
    const row = body.rows[r] ?? body.insertRow();
    cells.forEach((cell, c) => {
      const made = row.cells[c] ?? row.insertCell();
      // On a narrow screen the heading stands beside each cell.
      if (heads?.[c] && made.dataset.label === undefined) made.dataset.label = heads[c].textContent;
      if (cell && cell.button) {
        const button = made.firstElementChild ?? made.appendChild(make("button", { type: "button" }));
        set(button, cell.button);
        button.setAttribute("aria-label", cell.label);
        button.onclick = cell.act;
      } else if (cell && typeof cell === "object") set(made, cell.text, cell.name);
      else set(made, cell, "");
    });
  });
}
const number = value => value == null ? "–" : Number(value).toLocaleString("en", { maximumFractionDigits: value < 100 ? 2 : 0 });
const percent = value => value == null ? "–" : number(value) + " %";
const ms = us => us ? number(us / 1000) + " ms" : "–";
function span(seconds) {
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const at = Math.max(0, parts.findIndex(([size]) => seconds >= size));
  if (seconds < 1) return "now";
  const [size, unit] = parts[at], rest = parts[at + 1];
  const small = rest ? Math.floor(seconds % size / rest[0]) : 0;
  return Math.floor(seconds / size) + " " + unit + (small ? " " + small + " " + rest[1] : "");
}

// What was heard last.
let token = "", status, rest, fleet, you = { name: "", role: "" }, heard = 0, over = "last_minute", isAsking = false;
try { token = sessionStorage.getItem("token") ?? ""; } catch { /* Kept for this page alone then. */ }
const headers = () => token ? { Authorization: "Bearer " + token } : {};

// MARK: What is drawn

function head() {
  const s = status, live = s.stage === "live" && s.percent != null ? " " + percent(s.percent) : "";
  const state = s.rolled_back ? "ROLLED BACK" : s.effective_stage + (s.effective_stage === "live" ? live : "");
  set($("name"), s.service || "Sluice");
  set($("instance"), (s.instance || s.listen[0] || "") + " · " + s.version);
  set($("state"), s.rolled_back ? state + " · flags say " + s.stage + live : state, s.rolled_back ? "state bad" : "state");
  const word = s.compare.verdict, colour = { pass: "good", differs: "bad" }[word] ?? "soft";
  const verdict = $("verdict");
  if (!verdict.firstChild) verdict.append(make("span", { className: "word" }), make("span"));
  set(verdict.firstChild, word.toUpperCase(), "word " + colour);
  set(verdict.lastChild, s.compare.verdict_reason);
  const title = state + " – " + word.toUpperCase() + " – " + (s.service || "Sluice");
  if (document.title !== title) document.title = title;
  const lines = [];
  if (s.rolled_back) lines.push("ROLLED BACK" + (s.rollback ? " by " + s.rollback.who + " at " + s.rollback.at + ": " + (s.rollback.reason || "no reason given") : "") + ". Legacy answers every key. Find out why, then: sluice rearm");
  if (s.latch_error) lines.push("The file ROLLBACK is not there: " + s.latch_error);
  if (s.fallback) lines.push("FALLBACK: legacy stands in for new: " + s.fallback.reason);
  if (s.step.paused) lines.push("PAUSED: " + s.step.paused + ". No step up is taken until: " + (s.step.paused.startsWith("plan: ") ? "sluice plan resume" : "sluice close \"why\""));
  if (s.step.forced) lines.push("FORCED: " + s.step.forced);
  if (s.flags.error) lines.push("The flag file is not in force: " + s.flags.error);
  set($("banner"), lines.join(" — "));
  show($("banner"), lines.length > 0);
  const may = you.role === "operate" || you.role === "roll-back";
  show($("rollback"), may && !s.rolled_back);
}

/** Numbers of gates over the last minute, to say when one may be met. */
const seen = new Map();
function aboutWhen(gate) {
  if (!gate.missing) return "met";
  if (gate.about_seconds != null) return "in about " + span(gate.about_seconds);
  const first = text => { const found = /^\d[\d,]*/.exec(text); return found ? Number(found[0].replaceAll(",", "")) : NaN; };
  const now = first(gate.now), needed = first(gate.needed), key = status.step.next + " " + gate.name;
  if (!(now < needed)) return "–";
  const past = seen.get(key) ?? [];
  past.push([performance.now(), now]);
  while (past.length > 2 && past[0][0] < performance.now() - 60000) past.shift();
  seen.set(key, past);
  const [at, was] = past[0], rate = (now - was) / (performance.now() - at) * 1000;
  return rate > 0 && performance.now() - at > 2000 ? "in about " + span(Math.ceil((needed - now) / rate)) : "–";
}
function way() {
  const s = status, steps = s.plan?.steps ?? [25, 50, 100];
  const rungs = ["off", "dualwrite", "shadow", ...steps.map(step => step + " %"), "rampdown", "complete"];
  const reached = s.percent ?? 0, live = 3 + Math.max(-1, steps.findLastIndex(step => step <= reached));
  const place = { off: 0, dualwrite: 1, shadow: 2, rampdown: 3 + steps.length, complete: 4 + steps.length }[s.stage] ?? live;
  const list = $("ladder");
  while (list.children.length > rungs.length) list.lastChild.remove();
  rungs.forEach((rung, at) => {
    const item = list.children[at] ?? list.appendChild(make("li"));
    set(item, rung + (at === place && s.rolled_back ? " (rolled back)" : ""), at === place ? "now" : at < place ? "done" : "");
    if (at === place) item.setAttribute("aria-current", "step"); else item.removeAttribute("aria-current");
  });
  const met = s.step.gates.filter(gate => !gate.missing).length;
  set($("next"), s.rolled_back ? "the rollback holds until somebody lifts it: sluice rearm, into stage shadow"
    : s.step.next ? "for " + span(s.step.seconds) + " on this step; next: sluice " + s.step.next + " · " + met + " of " + s.step.gates.length + " gates met" : "no next step");
  set($("plan"), s.plan?.words ? "plan (" + s.plan.advance + "): " + s.plan.words : "");
  show($("gates").parentElement, s.step.gates.length > 0);
  fill($("gates"), s.step.gates.map(gate => [gate.name, gate.now, gate.needed, { text: gate.missing || "nothing", name: gate.missing ? (gate.is_against ? "bad" : "soft") : "good" }, aboutWhen(gate)]));
}
function pair() {
  const s = status, of = name => s.stacks[name]?.[over]?.primary ?? {}, legacy = of("legacy"), fresh = of("new");
  const gate = name => s.step.gates.find(gate => gate.name === name), rails = s.step.guardrails;
  const limit = (gate, words) => gate ? { text: gate.needed, name: gate.missing ? "bad" : "" } : words ?? "";
  const n = text => ({ text, name: "n" });
  const failed = of => of.operations ? percent(100 * of.failures / of.operations) : "–";
  const p99 = s.step.gates.filter(gate => gate.name.startsWith("p99 of"));
  fill($("pair"), [
    ["commands a second", n(number(legacy.per_second)), n(number(fresh.per_second)), ""],
    ["failed", n(failed(legacy)), n(failed(fresh)), limit(gate("failing"), rails.failed && "healthy up to " + percent(100 * rails.failed.healthy))],
    ["hits", n(percent(legacy.hit_percent)), n(percent(fresh.hit_percent)), limit(gate("hit rate"))],
    ["p50", n(ms(legacy.p50_us)), n(ms(fresh.p50_us)), ""],
    ["p99", n(ms(legacy.p99_us)), n(ms(fresh.p99_us)), limit(p99.find(gate => gate.missing) ?? p99[0])],
    ["state", { text: s.stacks.legacy.health, name: "n " + (s.stacks.legacy.health === "up" ? "good" : "bad") }, { text: s.stacks.new.health, name: "n " + (s.stacks.new.health === "up" ? "good" : "bad") }, s.stacks.new.reason ?? s.stacks.legacy.reason ?? ""],
    ["suspects", n(number(s.stacks.legacy.suspects)), n(number(s.stacks.new.suspects)), limit(gate("suspects"))],
    ["mirror queue", n(number(s.stacks.legacy.mirror_queue)), n(number(s.stacks.new.mirror_queue)), ""],
  ]);
  const told = ["legacy", "new"].filter(name => s.stacks[name].last_trouble).map(name => name + " said: " + s.stacks[name].last_trouble.text);
  set($("servers"), [s.pair, ...told].filter(Boolean).join(" · "));
}
function rails() {
  const box = $("rails");
  Object.entries(status.step.guardrails).sort().forEach(([name, rail], at) => {
    const row = box.children[at] ?? box.appendChild(make("div", { className: "rail" }, make("span"), make("div", { className: "bar" }, make("div")), make("small")));
    const [label, bar, words] = row.children, score = Math.min(1, rail.score);
    set(label, name);
    bar.setAttribute("role", "meter");
    for (const [key, value] of [["label", name], ["valuemin", 0], ["valuemax", 1], ["valuenow", score]]) bar.setAttribute("aria-" + key, value);
    bar.firstChild.style.width = 100 * score + "%";
    bar.firstChild.className = score >= 1 ? "over" : score >= .5 ? "near" : "";
    set(words, percent(100 * score) + ": " + number(rail.bad) + " bad of " + number(rail.total) + "; healthy up to " + percent(100 * rail.healthy) + ", then " + rail.reaction);
  });
}
function sides() {
  const s = status, lost = ["legacy", "new"].flatMap(name => Object.entries(s.stacks[name].uncarried_reasons).map(([why, count]) => [number(count) + " to " + name, why, s.stacks[name].uncarried_keys.join(", ")]));
  fill($("uncarried"), lost);
  show($("uncarried-none"), lost.length === 0);
  const refused = [...s.refusals, ...s.lacks].slice(0, 20);
  fill($("refused"), refused.map(r => [r.command, number(r.count), r.reason, [r.client, r.library, r.address].filter(Boolean).join(", ")]));
  show($("refused-none"), refused.length === 0);
  const wrong = s.wrong_passwords, ok = word => ["ok", "off"].includes(word);
  fill($("health"), [
    ["clients", number(s.clients.connected) + " of " + number(s.clients.max) + " connected, " + number(s.clients.cut_off) + " cut off"],
    ["mirror", number(s.mirror.writes) + " writes, " + number(s.mirror.dropped_writes) + " dropped, " + number(s.mirror.errors) + " failed"],
    ["ledger", { text: s.ledger.health + (s.ledger.reason ? ": " + s.ledger.reason : "") + (s.ledger.health === "off" ? "" : ", " + number(s.ledger.queued) + " rows wait"), name: ok(s.ledger.health) ? "" : "bad" }],
    ["suspects' journal", { text: s.journal.health + (s.journal.reason ? ": " + s.journal.reason : ""), name: ok(s.journal.health) ? "" : "bad" }],
    ["flags", { text: (s.flags.path ?? s.flags.source) + ", read at " + s.flags.loaded_at, name: s.flags.error ? "bad" : "" }],
    ["wrong passwords", number(wrong.clients.count) + " clients, " + number(wrong.control.count) + " control, " + number(wrong.admin.count) + " here"],
    ...s.clocks.map(text => ["clocks", { text, name: "bad" }]),
    ...(s.tls ? [["certificate", { text: "until " + s.tls.expires_at + (s.tls.error ? ": " + s.tls.error : ""), name: s.tls.error ? "bad" : "" }]] : []),
    ["up", span(s.uptime_seconds)],
  ]);
  together();
}

/** The proxies beside each other; who is not where most are is red, and so is a rollback. Alone where nobody has named others. */
function together() {
  const s = status, down = ["legacy", "new"].filter(name => s.stacks[name].health !== "up");
  const own = { name: s.instance || s.listen[0] || "this one", instance: s.instance, stage: s.stage + (s.stage === "live" && s.percent != null ? " " + percent(s.percent) : ""), in_force: s.effective_stage, rolled_back: s.rolled_back, flags: s.flags.version, hash: s.flags.fractional_hash, verdict: s.compare.verdict, down, version: s.version, drifts: [] };
  const red = (text, isRed) => ({ text, name: isRed ? "bad" : "" });
  fill($("fleet"), (fleet?.proxies ?? [own]).map(one => {
    if (one.failure) return [red(one.name, true), red("NO ANSWER: " + one.failure, true), "", "", "", ""];
    const drifts = (...columns) => columns.some(column => one.drifts.includes(column));
    const names = [one.name, one.instance !== one.name && one.instance, drifts("service") && "service " + (one.service ?? "none")];
    const state = one.rolled_back ? ", ROLLED BACK" : one.stage.split(" ")[0] === one.in_force ? "" : ", in force: " + one.in_force;
    return [
      red(names.filter(Boolean).join(" · "), drifts("service")),
      red(one.stage + state, one.rolled_back || drifts("stage", "in force", "rolled back")),
      red(String(one.flags ?? "–").slice(0, 8) + (one.hash && one.hash !== "v2" ? ", hash " + one.hash : ""), drifts("flags", "hash")),
      one.verdict ?? "–", red(one.down.length ? one.down.join(", ") + " DOWN" : "up", one.down.length > 0), one.version ?? "–",
    ];
  }));
  if (!fleet) set($("fleet-note"), "This proxy alone: admin.fleet names the others.", "quiet");
  else if (fleet.is_one) set($("fleet-note"), "All " + fleet.proxies.length + " are in the same place.", "quiet");
  else set($("fleet-note"), fleet.notes.join(" — "), "bad");
}

// MARK: Orders

const say = (text, isBad) => { set($("said"), text, isBad ? "said bad" : "said good"); show($("said"), true); };
$("rollback").onclick = () => { $("reason").value = ""; $("why").showModal(); $("reason").focus(); };
$("cancel").onclick = () => $("why").close();
$("why-f").onsubmit = async event => {
  event.preventDefault();
  const reason = $("reason").value.trim();
  if (!reason) { $("reason").value = ""; $("reason").reportValidity(); return; }
  $("go").disabled = true;
  try {
    const answer = await fetch("/api/rollback", { method: "POST", headers: { "Content-Type": "application/json", ...headers() }, body: JSON.stringify({ reason }) });
    const said = await answer.json();
    say(said.answer ?? said.error ?? "no answer", !answer.ok);
  } catch (error) {
    say("The order did not get through: " + error.message + ". Try: sluice rollback \"why\", or redis-cli -p 6401 ROLLBACK why", true);
  }
  $("go").disabled = false;
  $("why").close();
};
for (const [id, name] of [["minute", "last_minute"], ["hour", "last_hour"]]) $(id).onclick = () => {
  over = name;
  for (const each of ["minute", "hour"]) $(each).setAttribute("aria-pressed", each === id);
  if (status) pair();
};

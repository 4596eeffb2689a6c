// Shows what the service answered and what the tool explains. The rules are theirs; only words are chosen here.

import { decode } from "./jwt.js";
import { by, element, fill, json, sentence, withCode } from "./view.js";

/** The members of an answer, signed or not; null if it has none. */
function members(answer) {
  const signed = decode(answer.text);
  if (signed) return signed.claims.token_introspection ?? null;
  try {
    return JSON.parse(answer.text);
  } catch {
    return null;
  }
}

/** The verdict in words: what the client gets, and why. */
export function verdict(answer, explanation, client) {
  const { client: caller } = explanation;
  const body = members(answer);
  if (answer.status === 200 && body?.active === true) {
    const { hidden, narrowed } = caller;
    const less = [...hidden, ...narrowed.map((name) => `part of ${name}`)];
    const seen = `${client.client_id} sees ${Object.keys(body).length} members`;
    const why = less.length > 0 ? `${seen}. Its policy hides ${less.join(", ")}.` : `${seen}, which is all.`;
    return { word: "Active", tone: "good", lines: [why] };
  }
  if (answer.status === 200) {
    const policy = caller.reason !== null;
    const because = sentence((policy ? caller.because : explanation.because) ?? "");
    const hint = policy ? caller.hint : explanation.hint;
    const never = 'The client gets {"active":false}, as for every inactive token, and never learns the reason.';
    return { word: policy ? "Inactive for this client" : "Inactive", tone: "bad", lines: [because, help(hint), never] };
  }
  if (answer.status === 503) {
    const meaning = "This is not “inactive”: the client must not end a session because of it.";
    return { word: "Don’t know", tone: "unknown", lines: [sentence(explanation.because ?? ""), meaning] };
  }
  const why = caller.because ?? body?.error ?? `the service answered ${answer.status}`;
  return { word: "Refused", tone: "refused", lines: [sentence(why)] };
}

const help = (hint) => (hint ? `What helps: ${hint}.` : "");

export function showVerdict({ word, tone, lines }) {
  const box = by("verdict");
  box.dataset.tone = tone;
  const texts = lines.filter((line) => line !== "").map((line) => element("p", { class: "why" }, withCode(line)));
  fill(box, element("p", { class: "word" }, word), texts);
}

/** All stages, with the one that decided. The caller precedes the others, and the policy follows them. */
export function showStages({ client: caller, stages, decided_by, because }) {
  if (caller.status === null) {
    fill(by("stages"), stage("request", "failed", sentence(because), { decided: true }));
    return;
  }
  const isRefused = caller.status === 401 || caller.status === 403;
  const isHidden = caller.status === 200 && caller.reason !== null;
  const items = [];
  if (isRefused) {
    items.push(stage("caller", "failed", sentence(caller.because), { decided: true }));
    items.push(stage("token", "passed", "It is not judged, because the caller was refused before.", { after: true }));
  } else {
    items.push(stage("caller", "passed", caller.authenticates_by));
    // The policy precedes the signature, but it is shown last, because the other stages are about the token only.
    const last = isHidden || decided_by === null ? stages.length : stages.findIndex((row) => row.stage === decided_by);
    stages.forEach((row, index) => {
      const isDeciding = !isHidden && row.stage === decided_by;
      items.push(stage(row.stage, row.result, stageText(row, index > last, isDeciding && because), {
        decided: isDeciding, after: index > last,
      }));
    });
    if (isHidden) items.push(stage("policy", "failed", sentence(caller.because), { decided: true }));
    else if (decided_by === null) items.push(stage("policy", "passed", policySummary(caller)));
  }
  fill(by("stages"), items);
}

function stageText({ result, reason, detail }, isAfter, because) {
  if (isAfter) return `${reason ? `failed (${reason})` : result}, but the decision was made before`;
  return because ? [element("span", { class: "result" }, sentence(because)), detail] : detail;
}

function stage(name, result, text, { decided = false, after = false } = {}) {
  const title = element("span", { class: "name" }, name[0].toUpperCase() + name.slice(1));
  if (decided) title.append(element("span", { class: "badge" }, "decided"));
  const attributes = { "data-stage": name, "data-result": result, "data-decided": decided, "data-after": after };
  return element("li", attributes, title, element("span", { class: "detail" }, text));
}

function policySummary({ hidden, narrowed, would_deny }) {
  if (would_deny) return "in report mode: shows all, and would show less";
  const less = [...hidden, ...narrowed.map((name) => `part of ${name}`)];
  return less.length > 0 ? `hides ${less.join(", ")}` : "hides nothing";
}

export function showAnswer(answer) {
  const { status, phrase, milliseconds, text, headers } = answer;
  fill(by("status"), element("strong", {}, `${status} ${phrase}`), ` after ${milliseconds} ms`);
  const signed = decode(text);
  let body = [text === "" ? "(no body)" : text];
  if (signed) body = ["A JWT, whose claims are:\n", ...json(signed.claims, { dates: true })];
  else if (members(answer)) body = json(members(answer));
  fill(by("body"), body);
  fill(by("headers"), headers.map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]).flat());
}

/** What the client may see of this token, and the policy in its record. */
export function showPolicy(explanation, record, decoded) {
  const { client: caller } = explanation;
  const id = caller.client_id;
  const answer = caller.answer?.active ? caller.answer : null;
  const policy = record?.attributes?.introspection;
  fill(by("policy"), policy ? json(policy) : ["(none: this client has no policy)"]);
  const value = (value) => (value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));
  const row = (name, text, withheld) =>
    element("li", {}, element("span", { class: "name" }, name),
      element("span", { class: "value" }, text, withheld ? element("span", { class: "withheld" }, text ? ` – ${withheld}` : withheld) : ""));
  if (!answer) {
    by("sees").textContent = caller.status === 401 ? `${id} cannot ask at all.` : `Of this token, ${id} sees nothing, not even that it exists.`;
    fill(by("members"));
    return;
  }
  const withheld = caller.hidden.length + caller.narrowed.length;
  by("sees").textContent = withheld > 0 ? `${id} sees this token, with less than the token has.` : `${id} sees all of this token.`;
  const shown = Object.entries(answer).filter(([name]) => name !== "active").map(([name, content]) =>
    row(name, value(content), caller.narrowed.includes(name) && "only a part"));
  const hidden = caller.hidden.map((name) => row(name, value(decoded?.claims[name]), "hidden"));
  fill(by("members"), shown, hidden);
}

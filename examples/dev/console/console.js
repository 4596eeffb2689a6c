// The page: what is chosen, what is asked, and what follows from the answer.

import { showAnswer, showPolicy, showStages, showVerdict, verdict } from "./answers.js";
import { decode, kind } from "./jwt.js";
import { act, curl, demo, introspect, revoke } from "./server.js";
import { by, element, fill, json, radio, sentence } from "./view.js";

const offers = await demo();
/** What is known about each token: the names that can be revoked. An inactive answer no longer has them. */
const known = new Map();
let questions = 0;

const client = () => offers.clients.find(({ client_id }) => by("ask").elements.client.value === client_id);
const token = () => by("token").value.trim();
const offered = () => offers.tokens.find((offer) => offer.token === token());

function start() {
  fill(by("clients"), offers.clients.map(({ client_id, what }) =>
    radio("client", client_id, element("span", { class: "name" }, client_id), element("span", {}, what))));
  fill(by("tokens"), offers.tokens.map(({ id, name }) => radio("offer", id, name)));
  by("ask").elements.client.value = offers.clients[0].client_id;
  choose(offers.tokens[0]);
  by("clients").addEventListener("change", ask);
  by("tokens").addEventListener("change", (event) => {
    choose(offers.tokens.find(({ id }) => id === event.target.value));
    ask();
  });
  by("signed").addEventListener("change", ask);
  by("token").addEventListener("input", typed);
  by("token").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) by("ask").requestSubmit();
  });
  by("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    askAboutPasted();
  });
  by("reset").addEventListener("click", reset);
  by("copy").addEventListener("click", copy);
  by("suggest").addEventListener("click", suggest);
  ask();
}

function choose(offer) {
  by("token").value = offer.token;
  typed();
}

/** What follows from the text in the field, before it is asked about. */
function typed() {
  by("token-kind").textContent = kind(token());
  by("ask").elements.offer.forEach((input) => {
    input.checked = input.value === offered()?.id;
  });
  fill(by("suggestion"));
  by("revoked").textContent = "";
}

/** Removes what was pasted around the token, as the tool does, and asks. */
async function askAboutPasted() {
  const { token: cleaned, removed } = await act("clean", { text: by("token").value }).catch(() => ({}));
  if (removed) {
    choose({ token: cleaned });
    by("token-kind").textContent = `${kind(cleaned)} Removed from what was pasted: ${removed}.`;
  }
  ask();
}

/** Asks the service, has the answer explained, and shows both. Returns the verdict. */
async function ask() {
  const question = (questions += 1);
  const asked = { client: client(), token: token(), signed: by("signed").checked };
  by("result").setAttribute("aria-busy", "true");
  const answers = await answersTo(asked).catch(() => null);
  if (question !== questions) return null;
  by("result").removeAttribute("aria-busy");
  if (answers) return show(asked, ...answers);
  showVerdict({ word: "No answer", tone: "refused", lines: ["The development server does not answer. Is it still running?"] });
  return null;
}

async function answersTo(asked) {
  const answer = await introspect(asked.client, asked.token, asked.signed);
  const { client_id } = asked.client;
  return [
    answer,
    ...await Promise.all([
      act("explain", { token: asked.token || " ", client_id }).catch(unexplained),
      act("client", { client_id }).catch(() => null),
    ]),
  ];
}

/** The explanation of a text that the tool does not take for a token. */
const unexplained = ({ message }) => ({
  because: message, hint: null, decided_by: null, stages: [],
  client: { status: null, reason: null, because: message, hidden: [], narrowed: [], answer: null },
});

function show(asked, answer, explanation, record) {
  const shown = verdict(answer, explanation, asked.client);
  const decoded = decode(asked.token);
  showVerdict(shown);
  showStages(explanation);
  showAnswer(answer);
  showPolicy(explanation, record, decoded);
  showRequest(asked);
  showDecoded(decoded);
  const names = explanation.client.answer?.active ? explanation.client.answer : decoded?.claims;
  if (names) known.set(asked.token, { iss: names.iss, sub: names.sub, client_id: names.client_id, sid: decoded?.claims.sid });
  showRevocations(asked.token);
  log(`${asked.client.client_id}, ${offered()?.name.toLowerCase() ?? "a pasted token"}`, shown.word.split(" for ")[0], shown.tone);
  return shown;
}

function showRequest({ client, token, signed }) {
  const lines = curl(client, token, signed);
  by("copy").dataset.text = lines.join("\n");
  fill(by("request"), lines.map((line) => element("span", { class: "line" }, line)));
}

function showDecoded(decoded) {
  by("decoded-note").textContent = decoded
    ? "Anyone who has the token can read this. Only the signature shows that its issuer wrote it."
    : "An opaque token contains nothing. What is known about it is in the tokens table.";
  const part = (title, value) => [
    element("h3", {}, title),
    element("pre", { tabindex: "0", "aria-label": title }, json(value, { dates: true })),
  ];
  fill(by("decoded"), decoded ? [...part("Header", decoded.header), ...part("Claims", decoded.claims)] : []);
}

/** The buttons that revoke. They stay as they are, and keep the focus, as long as the token does. */
function showRevocations(token) {
  const names = known.get(token) ?? {};
  const key = JSON.stringify([token, names]);
  if (by("revocations").dataset.key === key) return;
  by("revocations").dataset.key = key;
  const owner = offers.clients.find(({ client_id }) => client_id === names.client_id);
  const button = (title, how, run) => {
    const made = element("button", { type: "button" }, title, element("small", {}, how));
    made.addEventListener("click", () => revokeAndAsk(title, run));
    return made;
  };
  const mark = (by, name) => () => act("revoke", { by, name, issuer: names.iss });
  const buttons = [button("This token", "revoke --token -", () => act("revoke", { by: "token", token }))];
  if (names.sid) buttons.push(button(`Session ${names.sid}`, `revoke --sid ${names.sid}`, mark("session", names.sid)));
  if (names.sub) buttons.push(button(`Subject ${names.sub}`, `revoke --sub ${names.sub}`, mark("subject", names.sub)));
  if (owner) {
    const asClient = async () => {
      const { status, text } = await revoke(owner, token);
      if (status !== 200) throw new Error(`/token/revoke answered ${status} ${text}`);
      return {};
    };
    buttons.push(button(`As its client, ${owner.client_id}`, "POST /token/revoke", asClient));
  }
  fill(by("revocations"), buttons);
}

async function revokeAndAsk(title, run) {
  const before = by("verdict").querySelector(".word").textContent;
  let done;
  try {
    const { id, result } = await run();
    done = id ? (result === "kept" ? `The mark ${id} exists already.` : `Wrote the mark ${id}.`) : "/token/revoke answered 200.";
    log(`revoked: ${title.toLowerCase()}`, "", "");
  } catch ({ message }) {
    by("revoked").textContent = `Nothing was written: ${message}`;
    return;
  }
  const after = await ask();
  by("revoked").textContent = after ? `${done} Before: ${before.toLowerCase()}. Now: ${after.word.toLowerCase()}.` : done;
}

async function suggest() {
  try {
    const { entry, because, notes } = await act("suggest", { token: token() || " " });
    fill(by("suggestion"),
      element("pre", { tabindex: "0", "aria-label": "The suggested entry" }, json(entry)),
      element("p", {}, `Profile ${entry.profile}: ${sentence(because)}`),
      element("ul", {}, notes.map((note) => element("li", {}, sentence(note)))));
  } catch ({ message }) {
    fill(by("suggestion"), element("p", {}, sentence(message)));
  }
}

async function reset() {
  await act("reset", {});
  known.clear();
  fill(by("log"));
  typed();
  await ask();
  by("revoked").textContent = "The demo is as it was at the beginning.";
}

async function copy() {
  await navigator.clipboard.writeText(by("copy").dataset.text);
  by("copy").textContent = "Copied";
  setTimeout(() => { by("copy").textContent = "Copy"; }, 2000);
}

/** Adds a line to the list of what happened, which keeps the last ones. */
function log(what, word, tone) {
  by("log").prepend(element("li", {}, element("span", {}, what), element("strong", { "data-tone": tone }, word)));
  [...by("log").children].slice(6).forEach((line) => line.remove());
}

start();

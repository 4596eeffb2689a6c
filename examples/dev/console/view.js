// Makes elements. Every text goes through textContent, so that no token can contain markup.

export const by = (id) => document.getElementById(id);

/** An element with attributes and children. Strings become texts. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(attribute, value === true ? "" : value);
  }
  made.append(...children.flat());
  return made;
}

export const fill = (parent, ...children) => parent.replaceChildren(...children.flat());

/** Words with which a phrase of the tool may begin. Any other first word is a name, whose letters matter. */
const FIRST_WORDS = /^(a|all|an|another|every|it|its|no|none|one|the|there|this)\b/;

/** A sentence from a phrase of the tool. */
export function sentence(phrase) {
  const text = phrase.trim();
  if (text === "") return "";
  return (FIRST_WORDS.test(text) ? text[0].toUpperCase() + text.slice(1) : text) + (/[.!?]$/.test(text) ? "" : ".");
}

/** A text in which backticks enclose code. */
export const withCode = (text) => text.split("`").map((part, index) => (index % 2 === 1 ? element("code", {}, part) : part));

const TIMES = ["exp", "iat", "nbf", "auth_time"];

/** The nodes of a JSON text, in colours, with the date beside a time. */
export function json(value, { dates = false } = {}) {
  const nodes = [];
  const put = (text, kind) => nodes.push(kind ? element("span", { class: kind }, text) : text);
  const write = (value, indent, name) => {
    const inner = `${indent}  `;
    if (Array.isArray(value) && value.length > 0) {
      list("[", "]", value.map((item) => () => write(item, inner)), indent);
    } else if (value !== null && typeof value === "object" && Object.keys(value).length > 0) {
      const members = Object.entries(value).map(([key, item]) => () => {
        put(JSON.stringify(key), "key");
        put(": ");
        write(item, inner, key);
      });
      list("{", "}", members, indent);
    } else {
      put(JSON.stringify(value), typeof value === "string" ? "string" : "other");
      if (dates && TIMES.includes(name) && Number.isFinite(value)) put(`  ${date(value)}`, "muted");
    }
  };
  const list = (open, close, writers, indent) => {
    put(`${open}\n`);
    writers.forEach((writer, index) => {
      put(`${indent}  `);
      writer();
      put(index + 1 < writers.length ? ",\n" : "\n");
    });
    put(indent + close);
  };
  write(value, "");
  return nodes;
}

function date(seconds) {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.valueOf()) ? "" : `${time.toISOString().slice(0, 16).replace("T", " ")}Z`;
}

/** One of a group of radio buttons, with what is beside it. */
export function radio(group, value, ...texts) {
  return element("label", {}, element("input", { type: "radio", name: group, value }), ...texts);
}

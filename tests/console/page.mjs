// The dev server, the browser, and the page as a person uses it.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after, before } from "node:test";
import { chromium } from "playwright-core";

export const { PORT, ROOT, WORK } = process.env;
export const ORIGIN = `http://127.0.0.1:${PORT}`;

/** The browser of the file that imports this, which has a server and a browser of its own. */
export let browser;
let stop;
before(async () => {
  stop = await startServer();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await stop?.();
});

/** Starts the dev server, and returns how to end it. */
async function startServer() {
  const server = spawn(process.env.DEV_SERVER, ["--port", PORT], { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const lines = createInterface({ input: server.stdout });
  await new Promise((resolve, reject) => {
    // The last line of the guide. The audit records that follow are read too, or the server would wait.
    lines.on("line", (line) => line.endsWith("/.well-known/oauth-authorization-server") && resolve());
    ended.then(() => reject(new Error("the dev server has ended")));
  });
  return async () => {
    server.kill();
    await ended;
  };
}

function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: [
      // No name resolves, so the page has only this server.
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
      "--force-color-profile=srgb",
      "--font-render-hinting=none",
      "--disable-lcd-text",
      // The sandbox of Chromium does not run as root, as CI does.
      ...(process.getuid() === 0 ? ["--no-sandbox"] : []),
    ],
  });
}

/** The requests of all pages, and what went wrong in them. */
export const seen = { urls: new Set(), errors: [] };

/** A new page of a demo that is as it was at the beginning, with the first answer. */
export async function open(browser, options = {}) {
  await fetch(`${ORIGIN}/console/reset`, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 }, ...options });
  page.on("request", (request) => seen.urls.add(request.url()));
  page.on("pageerror", (error) => seen.errors.push(error.message));
  page.on("console", (message) => {
    // The service's answers are what the page is about; the browser reports those that are not 200.
    const isAnswer = message.text().startsWith("Failed to load resource: the server responded with a status of");
    if (["error", "warning"].includes(message.type()) && !isAnswer) seen.errors.push(message.text());
  });
  await page.goto(`${ORIGIN}/`);
  await settled(page);
  return page;
}

/** Waits until the answer to the last question is shown. */
export async function settled(page) {
  await page.waitForFunction(() =>
    document.querySelector("#verdict .word").textContent !== "…" && !document.querySelector("#result").hasAttribute("aria-busy"));
}

/** Chooses a client or a token by the name beside its radio button. */
export async function choose(page, group, name) {
  await page.getByRole("group", { name: group }).getByRole("radio", { name, exact: group === TOKENS }).check({ force: true });
  await settled(page);
}

export const CLIENTS = "Who asks";
export const TOKENS = "About which token";

export async function paste(page, token) {
  await page.getByRole("textbox", { name: "or paste one" }).fill(token);
  const answered = page.waitForResponse((response) => response.url().endsWith("/token/introspect"));
  await page.getByRole("button", { name: "Introspect" }).click();
  await answered;
  await settled(page);
}

export async function press(page, name) {
  await page.getByRole("button", { name }).click();
  await settled(page);
}

/** What the page shows of the last answer. */
export function shown(page) {
  return page.evaluate(() => {
    const text = (id) => document.getElementById(id).textContent;
    const decided = document.querySelector("#stages [data-decided]");
    return {
      word: document.querySelector("#verdict .word").textContent,
      tone: document.querySelector("#verdict").dataset.tone,
      why: [...document.querySelectorAll("#verdict .why")].map((line) => line.textContent).join("\n"),
      decided: decided?.dataset.stage ?? null,
      status: document.querySelector("#status strong").textContent,
      body: text("body"),
      revoked: text("revoked"),
      sees: text("sees"),
      members: Object.fromEntries([...document.querySelectorAll("#members li")].map((row) =>
        [row.querySelector(".name").textContent, row.querySelector(".value").textContent])),
    };
  });
}

// The screenshots of docs/console.md are those of the page as it is now: its texts are exactly those in screenshots.json,
// and its look is almost that of the pictures. With UPDATE_SCREENSHOTS=1, both are written.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { CLIENTS, ROOT, TOKENS, WORK, browser, choose, open, press } from "./page.mjs";

/** Other versions of the browser and of the fonts draw letters a little differently, and a changed page by more. */
const MOST_DIFFERENT = 0.002;

/** The texts of the page in each picture, line by line. */
const TEXTS = `${ROOT}/tests/console/screenshots.json`;
const texts = existsSync(TEXTS) ? JSON.parse(readFileSync(TEXTS, "utf8")) : {};

after(() => {
  if (process.env.UPDATE_SCREENSHOTS) writeFileSync(TEXTS, `${JSON.stringify(texts, null, 2)}\n`);
});

/** What differs from run to run gets a fixed value: the port, the time and the duration. */
function still(page) {
  return page.evaluate(() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      texts.currentNode.data = texts.currentNode.data
        .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:9000")
        .replace(/now \d+ \([^)]*\)/, "now 1798761600 (2027-01-01 00:00:00 UTC)")
        .replace(/, \d+ s ago/, ", 31532400 s ago")
        .replace(/ after \d+ ms/, " after 9 ms")
        .replace(/request dev-\d+-\d+/, "request dev-1798761600-1");
    }
    document.activeElement.blur();
    window.scrollTo(0, 0);
  });
}

for (const [name, height, colorScheme, prepare] of [
  ["active", 1060, "light", async () => {}],
  ["revoked", 1060, "light", async (page) => {
    await press(page, "Session session-1");
    await page.waitForFunction(() => document.querySelector("#revoked").textContent.includes("Now:"));
  }],
  ["hidden", 1060, "dark", async (page) => {
    await choose(page, CLIENTS, "billing-api");
    await choose(page, TOKENS, "Other audience");
  }],
  ["expired", 1060, "dark", (page) => choose(page, TOKENS, "Expired")],
  ["unknown", 860, "light", (page) => choose(page, TOKENS, "Keys out of reach")],
  ["less", 0, "light", (page) => choose(page, CLIENTS, "billing-api")],
  ["suggestion", 0, "light", async (page) => {
    await choose(page, TOKENS, "Unknown issuer");
    await press(page, "Suggest an entry");
    await page.waitForSelector("#suggestion pre");
  }],
]) {
  test(`docs/console/${name}.png is the page as it is now`, async () => {
    const page = await open(browser, { colorScheme, viewport: { width: 1280, height: height || 1000 } });
    await prepare(page);
    await still(page);
    await page.mouse.move(0, 0);
    const drawn = `${WORK}/${name}.png`;
    // Without a height, only the part that the name is about.
    const part = { less: ".two:has(#sees)", suggestion: "section:has(#suggestion)" }[name];
    await (part ? page.locator(part) : page).screenshot({ path: drawn, animations: "disabled", caret: "hide" });
    const text = await (part ? page.locator(part) : page.locator("body")).innerText();
    await page.close();
    const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    if (process.env.UPDATE_SCREENSHOTS) texts[name] = lines;
    assert.deepEqual(lines, texts[name], "run UPDATE_SCREENSHOTS=1 tests/console/run, and look at the pictures");
    compare(drawn, `${ROOT}/docs/console/${name}.png`);
  });
}

function compare(drawn, documented) {
  if (process.env.UPDATE_SCREENSHOTS) {
    mkdirSync(`${ROOT}/docs/console`, { recursive: true });
    execFileSync("pngquant", ["--force", "--nofs", "--speed", "1", "--strip", "--output", `${drawn}.small`, "128", drawn]);
    execFileSync("optipng", ["-quiet", "-o5", "-strip", "all", `${drawn}.small`]);
    copyFileSync(`${drawn}.small`, documented);
  }
  const hint = `${drawn} is how the page looks now: look at it, then run UPDATE_SCREENSHOTS=1 tests/console/run`;
  assert.ok(existsSync(documented), hint);
  const [now, then] = [drawn, documented].map((path) => PNG.sync.read(readFileSync(path)));
  assert.deepEqual([now.width, now.height], [then.width, then.height], hint);
  const different = pixelmatch(now.data, then.data, null, now.width, now.height, { threshold: 0.2 });
  assert.ok(different <= MOST_DIFFERENT * now.width * now.height, `${different} pixels differ; ${hint}`);
}

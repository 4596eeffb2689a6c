// The page by keyboard and by screen reader, in both colour schemes and in narrow windows; and who may use it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createRequire } from "node:module";
import { test } from "node:test";
import { CLIENTS, ORIGIN, PORT, TOKENS, browser, choose, open, press, settled, shown } from "./page.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function violations(page) {
  const found = await page.evaluate(`${AXE}; axe.run({ resultTypes: ["violations"] })`);
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing in the ${colorScheme} scheme`, async () => {
    // The scripts of axe are evaluated by the browser itself, not by the page, so the page's policy does not matter.
    const page = await open(browser, { colorScheme, bypassCSP: true });
    for (const [client, token] of [["orders-api", "Active"], ["orders-api", "Revoked"], ["billing-api", "Other audience"],
      ["billing-api", "Active"], ["orders-api", "Keys out of reach"], ["spa", "Opaque"]]) {
      await choose(page, CLIENTS, client);
      await choose(page, TOKENS, token);
      assert.deepEqual(await violations(page), [], `${client}, ${token}`);
    }
    await choose(page, CLIENTS, "orders-api");
    await choose(page, TOKENS, "Unknown issuer");
    await press(page, "Suggest an entry");
    await page.waitForSelector("#suggestion pre");
    await page.locator("summary").click();
    assert.deepEqual(await violations(page), [], "a suggestion");
    await page.close();
  });
}

test("the schemes differ, and follow the preference of the person", async () => {
  const grounds = [];
  for (const colorScheme of ["light", "dark"]) {
    const page = await open(browser, { colorScheme });
    grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    await page.close();
  }
  const [light, dark] = grounds.map((color) => Number(color.match(/\d+/)[0]));
  assert.ok(light > 200 && dark < 60, grounds.join(" "));
});

test("everything works by keyboard, and the focus stays at what was pressed", async () => {
  const page = await open(browser);
  const focused = () => page.evaluate(() => {
    const { activeElement } = document;
    return activeElement.id || activeElement.ariaLabel || activeElement.value || activeElement.textContent;
  });
  const stops = [];
  for (let tabs = 0; tabs < 40; tabs += 1) {
    await page.keyboard.press("Tab");
    const stop = await focused();
    if (await page.evaluate(() => document.activeElement === document.body)) break;
    stops.push(stop);
  }
  assert.deepEqual(stops, [
    "Skip to the result", "reset", "orders-api", "active", "token", "signed", "Introspect",
    "This tokenrevoke --token -", "Session session-1revoke --sid session-1", "Subject alicerevoke --sub alice",
    "As its client, web-appPOST /token/revoke", "copy", "request", "body", "Headers", "policy", "Header", "Claims", "suggest",
  ]);

  // From the top: the arrows choose a client and a token, and each choice is answered.
  await page.evaluate(() => document.activeElement.blur());
  await page.locator("#reset").focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowDown");
  await settled(page);
  assert.match((await shown(page)).why, /^billing-api sees/);
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight");
  await settled(page);
  assert.equal((await shown(page)).decided, "times");
  await page.keyboard.press("ArrowLeft");
  await settled(page);
  await page.keyboard.press("Tab");
  const answered = page.waitForResponse((response) => response.url().endsWith("/token/introspect"));
  await page.keyboard.press("Control+Enter");
  await answered;
  await settled(page);
  assert.equal((await shown(page)).word, "Active");
  for (let tabs = 0; tabs < 4; tabs += 1) await page.keyboard.press("Tab");
  assert.equal(await focused(), "Session session-1revoke --sid session-1");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#revoked").textContent.includes("Now: inactive"));
  assert.equal(await focused(), "Session session-1revoke --sid session-1");
  // The skip link leads to the result.
  await page.locator(".skip").focus();
  assert.ok((await page.locator(".skip").boundingBox()).y >= 0, "the skip link is visible while it has the focus");
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "result");
  await page.close();
});

test("the focus is visible on every stop", async () => {
  const page = await open(browser);
  for (let tabs = 0; tabs < 19; tabs += 1) {
    await page.keyboard.press("Tab");
    const outlined = await page.evaluate(() => {
      const { activeElement } = document;
      const box = activeElement.closest("label") ?? activeElement;
      return [box, activeElement].some((element) => getComputedStyle(element).outlineStyle !== "none");
    });
    assert.ok(outlined, `stop ${tabs}`);
  }
  await page.close();
});

test("a screen reader hears each verdict once, and finds every part by its name", async () => {
  const page = await open(browser);
  for (const [role, name] of [
    ["group", CLIENTS], ["group", TOKENS], ["textbox", "or paste one"], ["button", "Introspect"], ["main"], ["banner"],
    ["heading", "How it was decided"], ["region", "Answer"], ["region", "Request"], ["region", "What this client may see"],
  ]) {
    assert.equal(await page.getByRole(role, name && { name, exact: true }).count(), 1, `${role} ${name}`);
  }
  const heard = await page.evaluate(async () => {
    const status = document.querySelector("#verdict[role=status][aria-live=polite][aria-atomic=true]");
    let changes = 0;
    new MutationObserver(() => { changes += 1; }).observe(status, { childList: true });
    document.querySelector("input[value=expired]").click();
    await new Promise((resolve) => { setTimeout(resolve, 1500); });
    return { changes, text: status.textContent };
  });
  assert.equal(heard.changes, 1);
  assert.match(heard.text, /^Inactive.*It expired/s);
  // The deciding stage is not only a colour.
  assert.match(await page.locator("[data-decided]").textContent(), /decided/);
  await page.close();
});

test("nothing is wider than the window, down to 320 pixels", async () => {
  for (const width of [320, 390, 768, 961, 1280, 1920]) {
    const page = await open(browser, { viewport: { width, height: 800 } });
    await choose(page, CLIENTS, "billing-api");
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0, `${width} pixels`);
    await page.close();
  }
});

/** The status of a request with these headers, among them some that a browser does not let a page set. */
function status(method, path, headers, body = "") {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: PORT, method, path, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

test("other sites cannot use the console, not even under a name that resolves to this machine", async () => {
  const json = { "Content-Type": "application/json" };
  const host = `127.0.0.1:${PORT}`;
  for (const [method, path, headers, expected] of [
    ["GET", "/", {}, 200],
    ["GET", "/", { Host: `localhost:${PORT}` }, 200],
    ["GET", "/", { Host: `rebound.example:${PORT}` }, 403],
    ["GET", "/", { Host: "127.0.0.1" }, 403],
    ["GET", "/console/demo", { Host: `rebound.example:${PORT}` }, 403],
    ["GET", "/console/demo", { Origin: "https://other.example" }, 403],
    ["GET", "/console/demo", { "Sec-Fetch-Site": "cross-site" }, 403],
    // A link of another site may open the page itself.
    ["GET", "/", { "Sec-Fetch-Site": "cross-site" }, 200],
    ["POST", "/console/reset", { ...json, Origin: ORIGIN }, 200],
    ["POST", "/console/reset", { ...json, Origin: "https://other.example" }, 403],
    ["POST", "/console/reset", { ...json, Origin: "null" }, 403],
    ["POST", "/console/reset", { ...json, Origin: `http://localhost:${PORT}` }, 403],
    ["POST", "/console/reset", { ...json, Host: `rebound.example:${PORT}`, Origin: `http://rebound.example:${PORT}` }, 403],
    ["POST", "/console/reset", { ...json, "Sec-Fetch-Site": "same-site" }, 403],
    ["POST", "/console/reset", { "Content-Type": "text/plain", Host: host }, 403],
    ["POST", "/console/reset", { Host: host }, 403],
    ["POST", "/console/other", json, 404],
    ["DELETE", "/console/reset", json, 404],
  ]) {
    assert.equal(await status(method, path, headers, method === "POST" ? "{}" : ""), expected, `${method} ${path} ${JSON.stringify(headers)}`);
  }
});

test("the page may load only its own files", async () => {
  const answer = await fetch(`${ORIGIN}/`);
  const policy = answer.headers.get("content-security-policy");
  for (const directive of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"]) {
    assert.ok(policy.includes(directive), directive);
  }
  assert.ok(!policy.includes("unsafe") && !policy.includes("http"), policy);
});

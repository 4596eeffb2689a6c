// What the page shows is what the service answers and the tool explains.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { CLIENTS, ORIGIN, TOKENS, browser, choose, open, paste, press, seen, settled, shown } from "./page.mjs";

const page = async (run) => {
  const page = await open(browser);
  await run(page);
  await page.close();
};

test("an active token is shown with all its members, and nothing decided against it", () => page(async (page) => {
  const { word, tone, decided, status, body, members } = await shown(page);
  assert.deepEqual([word, tone, decided, status], ["Active", "good", null, "200 OK"]);
  assert.equal(JSON.parse(body).sub, "alice");
  assert.equal(members.department, "sales");
  const stages = await page.locator("#stages li").evaluateAll((items) => items.map((item) => item.dataset.stage));
  assert.deepEqual(stages, ["caller", "form", "issuer", "claims", "profile", "times", "signature", "marks", "policy"]);
}));

test("each token has the verdict of the service, and the stage that decided is marked", () => page(async (page) => {
  for (const [client, token, word, decided, status, why] of [
    ["orders-api", "Active", "Active", null, "200 OK", "which is all"],
    ["orders-api", "Expired", "Inactive", "times", "200 OK", "It expired"],
    ["orders-api", "Revoked", "Inactive", "marks", "200 OK", "The token is revoked"],
    ["orders-api", "Forged", "Inactive", "signature", "200 OK", "signature"],
    ["orders-api", "Keys out of reach", "Don’t know", "signature", "503 Service Unavailable", "not “inactive”"],
    ["orders-api", "Unknown issuer", "Inactive", "issuer", "200 OK", "TRUSTED_ISSUERS"],
    ["orders-api", "Opaque", "Active", null, "200 OK", "which is all"],
    ["orders-api", "Refresh", "Inactive for this client", "policy", "200 OK", "never learns the reason"],
    ["web-app", "Refresh", "Active", null, "200 OK", "which is all"],
    ["billing-api", "Other audience", "Inactive for this client", "policy", "200 OK", "payments.demo.example"],
    ["billing-api", "Active", "Active", null, "200 OK", "hides department, sid, part of scope"],
    ["spa", "Active", "Refused", "caller", "401 Unauthorized", "public"],
  ]) {
    await choose(page, CLIENTS, client);
    await choose(page, TOKENS, token);
    const found = await shown(page);
    assert.deepEqual([found.word, found.decided, found.status], [word, decided, status], `${client}, ${token}`);
    assert.ok(found.why.includes(why), `${client}, ${token}: ${found.why}`);
  }
}));

test("the members that a policy hides or narrows are named", () => page(async (page) => {
  await choose(page, CLIENTS, "billing-api");
  const { members, sees } = await shown(page);
  assert.equal(members.department, "sales – hidden");
  assert.equal(members.sid, "session-1 – hidden");
  assert.equal(members.scope, "orders:read – only a part");
  assert.equal(members.sub, "alice");
  assert.match(sees, /less than the token has/);
  assert.deepEqual(JSON.parse(await page.locator("#policy").textContent()).scopes, ["orders:read"]);
}));

test("a policy that hides a token shows nothing of it", () => page(async (page) => {
  await choose(page, CLIENTS, "billing-api");
  await choose(page, TOKENS, "Other audience");
  const { body, members, sees } = await shown(page);
  assert.deepEqual([JSON.parse(body), members], [{ active: false }, {}]);
  assert.match(sees, /not even that it exists/);
}));

test("the lines of the request, run in a shell, return the answer that is shown", () => page(async (page) => {
  for (const token of ["Active", "Expired"]) {
    await choose(page, TOKENS, token);
    const lines = await page.locator("#copy").getAttribute("data-text");
    const answer = execFileSync("sh", ["-c", lines], { encoding: "utf8" });
    assert.deepEqual(JSON.parse(answer), JSON.parse((await shown(page)).body));
  }
  await paste(page, "it's+&a\"token\"%$HOME");
  const lines = await page.locator("#copy").getAttribute("data-text");
  assert.equal(execFileSync("sh", ["-c", lines], { encoding: "utf8" }), '{"active":false}');
}));

test("a signed answer is decoded", () => page(async (page) => {
  await page.getByRole("checkbox", { name: "as a signed answer" }).check();
  await settled(page);
  const { word, body } = await shown(page);
  assert.equal(word, "Active");
  assert.match(body, /"token_introspection": \{/);
}));

test("a session, a subject and a token are revoked, and the next answer knows it", () => page(async (page) => {
  for (const [button, mark] of [
    ["Session session-1", "sid#https://issuer.demo.example#session-1"],
    ["Subject alice", "sub#https://issuer.demo.example#alice"],
    ["This token", "jti#https://issuer.demo.example#demo-active"],
  ]) {
    assert.equal((await shown(page)).word, "Active", button);
    await press(page, button);
    await page.waitForFunction(() => document.querySelector("#revoked").textContent.includes("Now:"));
    const { word, decided, revoked, body } = await shown(page);
    assert.deepEqual([word, decided, JSON.parse(body)], ["Inactive", "marks", { active: false }], button);
    assert.equal(revoked, `Wrote the mark ${mark}. Before: active. Now: inactive.`);
    await choose(page, CLIENTS, "billing-api");
    assert.equal((await shown(page)).word, "Inactive", "for every client");
    await press(page, "Reset the demo");
    await page.waitForFunction(() => document.querySelector("#revoked").textContent.startsWith("The demo is"));
    await choose(page, CLIENTS, "orders-api");
  }
}));

test("a client revokes its own token by RFC 7009", () => page(async (page) => {
  await choose(page, CLIENTS, "web-app");
  await choose(page, TOKENS, "Refresh");
  assert.equal((await shown(page)).word, "Active");
  await press(page, "As its client, web-app");
  await page.waitForFunction(() => document.querySelector("#revoked").textContent.includes("Now:"));
  const { word, revoked } = await shown(page);
  assert.deepEqual([word, revoked], ["Inactive", "/token/revoke answered 200. Before: active. Now: inactive."]);
}));

test("a mark that would revoke nothing is not written, and the page says so", () => page(async (page) => {
  await choose(page, TOKENS, "Expired");
  await press(page, "This token");
  await page.waitForFunction(() => document.querySelector("#revoked").textContent !== "");
  assert.match((await shown(page)).revoked, /^Nothing was written: the token is inactive anyway/);
}));

test("the entry for the issuer of a token is suggested", () => page(async (page) => {
  await choose(page, TOKENS, "Unknown issuer");
  await press(page, "Suggest an entry");
  await page.waitForSelector("#suggestion pre");
  const entry = JSON.parse(await page.locator("#suggestion pre").textContent());
  assert.deepEqual([entry.profile, entry.issuer.includes("cognito-idp")], ["cognito", true]);
  await choose(page, TOKENS, "Opaque");
  await press(page, "Suggest an entry");
  await page.waitForSelector("#suggestion p");
  assert.match(await page.locator("#suggestion").textContent(), /^The token is opaque/);
}));

test("the header and the claims of a pasted token are decoded, and markup in it stays text", () => page(async (page) => {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const attack = "<img src=x onerror=\"document.title='executed'\"><script>document.title='executed'</script>";
  const token = `${part({ alg: "none", kid: attack })}.${part({ iss: attack, sub: attack, [attack]: attack, sid: attack })}.`;
  for (const text of [token, attack]) {
    await paste(page, text);
    assert.equal((await shown(page)).word, "Inactive");
    await press(page, "Suggest an entry");
    assert.equal(await page.locator("main img, main script").count(), 0);
    assert.equal(await page.title(), "Introspection console");
  }
  await paste(page, token);
  assert.match(await page.locator("#decoded").textContent(), /<img src=x/);
  // Even a defect of the page could not turn a text into markup.
  const refused = await page.evaluate(() => {
    try {
      document.querySelector("#log").innerHTML = "<b>markup</b>";
      return "";
    } catch (error) {
      return error.name;
    }
  });
  assert.equal(refused, "TypeError");
  seen.errors = seen.errors.filter((error) => !error.includes("TrustedHTML"));
}));

test("what is pasted around a token is removed, and the page says so", () => page(async (page) => {
  const active = await page.locator("#token").inputValue();
  await paste(page, `Authorization: Bearer ${active.slice(0, 100)}\n${active.slice(100)}\n`);
  await page.waitForFunction(() => document.querySelector("#token-kind").textContent.includes("Removed"));
  await settled(page);
  assert.equal(await page.locator("#token").inputValue(), active);
  assert.equal((await shown(page)).word, "Active");
  assert.equal(await page.locator("input[value=active]").isChecked(), true);
}));

test("the empty field is answered like any wrong request", () => page(async (page) => {
  await paste(page, "");
  const { word, status, decided } = await shown(page);
  assert.deepEqual([word, status, decided], ["Refused", "400 Bad Request", "request"]);
}));

test("of questions that overtake each other, the last one counts", () => page(async (page) => {
  await page.evaluate(() => {
    for (const input of document.querySelectorAll("input[name=offer]")) {
      input.checked = true;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
  await settled(page);
  assert.equal((await shown(page)).word, "Inactive for this client", "the last one is the refresh token");
}));

test("the page sends requests only to its own server, and nothing went wrong in it", () => {
  assert.ok(seen.urls.size > 10);
  assert.deepEqual([...seen.urls].filter((url) => !url.startsWith(`${ORIGIN}/`)), []);
  assert.deepEqual(seen.errors, []);
});

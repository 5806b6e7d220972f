// The pages of codeyear serve as a person uses them, in a real browser, over the bundled sample.
// run-tests.sh prepares everything and calls this.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { startBrowser, startServer } from "./start.mjs";

const { CODEYEAR, BROWSER, WORK, SCREENSHOTS } = process.env;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let server;
let base;
let browser;
let page;
// What a page complained of, and whom else it asked.
let complaints = [];

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  ({ server, base } = await startServer(CODEYEAR));
  browser = await startBrowser(BROWSER, WORK);
});

after(async () => {
  await browser?.close();
  server?.kill("SIGTERM");
});

beforeEach(async () => {
  await page?.close();
  page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 900 });
  complaints = [];
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith("data:")) complaints.push(`asked ${request.url()}`);
  });
});

const open = (path) => page.goto(base + path, { waitUntil: "networkidle0" });
const text = (selector) => page.$eval(selector, (element) => element.innerText.replace(/\s+/g, " ").trim());
const click = (selector) => Promise.all([page.waitForNavigation({ waitUntil: "networkidle0" }), page.click(selector)]);
const quiet = () => assert.deepEqual(complaints, []);

async function pickDay(selector, day) {
  await page.$eval(selector, (field, value) => { field.value = value; }, day);
}

test("a code is found by typing and opened", async () => {
  await open("/?on=2026-03-01");
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "q");
  await page.keyboard.type("C7B", { delay: 30 });
  await page.waitForSelector("#results a.hit");
  assert.match(await text("#search-status"), /\d/);
  assert.match(page.url(), /q=C7B/);
  await page.keyboard.press("ArrowDown");
  const first = await page.evaluate(() => document.activeElement.innerText);
  assert.match(first, /C7B/);
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  assert.match(page.url(), /\/icd10cm\/C7B.*on=2026-03-01/);
  assert.match(await text("h1"), /^C7B/);
  quiet();
});

test("words find a code, with and without a script", async () => {
  await open("/search?q=carcinoid%20liver&on=2026-05-01");
  assert.match(await text("#results a.hit"), /C7B\.02/);
  await page.setJavaScriptEnabled(false);
  await open("/?on=2026-05-01");
  await page.type("#q", "carcinoid liver");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  assert.match(await text("#results a.hit"), /C7B\.02/);
  quiet();
});

test("the verdict is told for a header, with what to use instead", async () => {
  await open("/icd10cm/C7B?on=2026-03-01");
  assert.match(await text(".verdict .word"), /not billable/i);
  const questions = await text(".questions");
  assert.match(questions, /What do I use instead\?.*C7B\.00/);
  assert.match(questions, /Source: FY2026, /);
  assert.match(await text("section.sources"), /FY2026.*loaded on.*SHA-256/);
  quiet();
});

test("a day across a change changes the verdict and the title", async () => {
  await open("/icd10cm/G35?on=2025-09-30");
  assert.match(await text(".verdict .word"), /(?<!not )billable/i);
  await pickDay("#page-on", "2025-10-01");
  await click(".verdict form button");
  assert.match(page.url(), /on=2025-10-01/);
  assert.match(await text(".verdict .word"), /not billable/i);
  await click(".turns a[rel=prev]");
  assert.match(await text(".verdict .word"), /billable/i);

  await open("/icd10cm/C7A.094?on=2019-09-30");
  assert.match(await text("h1"), /foregut NOS/);
  await pickDay("#page-on", "2019-10-01");
  await click(".verdict form button");
  assert.match(await text("h1"), /foregut, unspecified/);
  quiet();
});

test("a deleted code leads to its successor", async () => {
  await open("/icd10cm/S30.1XXA?on=2025-10-01");
  assert.match(await text(".verdict .word"), /deleted/i);
  const successor = await page.$eval(".questions ul.codes a", (link) => link.getAttribute("href"));
  assert.match(successor, /^\/icd10cm\/S30\.1\d*.*on=2025-10-01/);
  await click(".questions ul.codes a");
  assert.match(await text(".verdict .word"), /(?<!not )billable/i);
  quiet();
});

test("two codes are compared", async () => {
  await open("/compare?on=2026-05-01");
  await page.type("input[name=left]", "C7A");
  await page.type("input[name=right]", "C7B");
  await Promise.all([page.waitForNavigation({ waitUntil: "networkidle0" }), page.keyboard.press("Enter")]);
  assert.match(page.url(), /left=C7A.*right=C7B/);
  const main = await text("main");
  assert.match(main, /Malignant neuroendocrine tumors/);
  assert.match(main, /Secondary neuroendocrine tumors/);
  quiet();
});

test("the book is browsed from chapter to code", async () => {
  await open("/icd10cm?on=2026-05-01");
  await click('main a[href*="/icd10cm/chapter/2?"]');
  await click('main a[href*="/icd10cm/block/C7B"]');
  await click('main a[href*="/icd10cm/C7B?"]');
  assert.match(await text("h1"), /^C7B/);
  assert.match(await text("nav.crumbs"), /Neoplasms/);
  quiet();
});

test("two releases are compared, narrowed and kept", async () => {
  await open("/diff?set=icd10cm&old=FY2025&new=FY2026");
  const whole = await text("main");
  assert.match(whole, /G35/);
  const links = await page.$$eval('main a[href*="/diff/download"]', (all) => all.map((link) => link.getAttribute("href")));
  const formats = ["text", "markdown", "html", "csv", "json", "xlsx"];
  for (const format of formats) assert.ok(links.some((link) => link.includes(`format=${format}`)), format);
  const folder = join(WORK, "downloads");
  mkdirSync(folder, { recursive: true });
  const session = await page.createCDPSession();
  await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder, eventsEnabled: true });
  const ended = new Promise((resolve) => {
    session.on("Browser.downloadProgress", (event) => event.state === "completed" && resolve());
  });
  await page.click('main a[href*="format=csv"]');
  await ended;
  const [file] = readdirSync(folder);
  assert.match(file, /FY2025.*FY2026.*\.csv$/);
  assert.match(readFileSync(join(folder, file), "utf8"), /G35/);
  await open("/diff?set=icd10cm&old=FY2025&new=FY2026&under=G35");
  const narrowed = await text("main");
  assert.match(narrowed, /G35\.A/);
  assert.ok(!/S30\.11XA/.test(narrowed));
  quiet();
});

const CLAIMS = "claim,dx,other,dos\n1,G35,,2025-09-30\n2,G35,,2025-10-01\n3,C7B,S30.1XXA,2026-03-01\nSECRET,C7B.00,,2026-03-01\n";

// As the browser does it when a file is let go over the place.
const dropped = (name, contents) =>
  page.$eval("#drop", (place, name, contents) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([contents], name, { type: "text/csv" }));
    for (const type of ["dragover", "drop"]) {
      place.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }
  }, name, contents);
const status = (pattern) =>
  page.waitForFunction((source) => new RegExp(source).test(document.querySelector("#audit-status").innerText), {}, pattern.source);
const ticked = () => page.$$eval("input[name=pick]", (all) => all.filter((one) => one.checked).map((one) => one.value));

// Waits for the download that something begins, and reads it.
async function downloaded(name, begin) {
  const folder = join(WORK, name);
  mkdirSync(folder, { recursive: true });
  const session = await page.createCDPSession();
  await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder, eventsEnabled: true });
  const ended = new Promise((resolve) => {
    session.on("Browser.downloadProgress", (event) => event.state === "completed" && resolve());
  });
  await begin();
  await ended;
  const [file] = readdirSync(folder);
  return [file, readFileSync(join(folder, file), "utf8")];
}

test("a claims file is dropped, shows its columns, is checked and forgotten", async () => {
  await open("/audit?on=2026-03-01");
  await dropped("claims.csv", CLAIMS);
  await status(/claims\.csv: 4 columns, 1 selected/);
  assert.deepEqual(await ticked(), ["1 dx"]);
  assert.equal(await page.$eval("#pick_date", (field) => field.value), "3 dos");
  assert.ok(!(await text("main")).includes("SECRET"));
  assert.ok(!(await page.$("#code")), "nobody has to type a name");

  await page.click("form.panel button");
  await status(/was checked|could not/);
  const result = await text("#audit-result");
  assert.match(result, /G35/);
  assert.match(result, /C7B/);
  assert.ok(!result.includes("S30.1XXA"));
  assert.ok(!result.includes("SECRET"));
  await page.screenshot({ path: join(SCREENSHOTS, "audit-result-light.png"), fullPage: true });

  // The choice is changed, and the same file is judged again.
  await page.click('input[name=pick][value="2 other"]');
  await page.select("select[name=set-2]", "icd10cm");
  await page.click("form.panel button");
  await page.waitForFunction(() => document.querySelector("#audit-result").innerText.includes("S30.1XXA"));

  // The same columns in another file: what was chosen stays.
  await dropped("more.csv", CLAIMS);
  await status(/more\.csv: 4 columns/);
  assert.deepEqual((await ticked()).sort(), ["1 dx", "2 other"]);
  const [name, rows] = await downloaded("audited", () => page.click("button[name=rows]"));
  assert.equal(name, "audited.csv");
  assert.match(rows, /^claim,dx,other,dos,dx_verdict,/);
  assert.match(rows, /\n3,C7B,S30\.1XXA,2026-03-01,header,/);
  quiet();
});

test("columns are chosen by keyboard, and what is wrong is told", async () => {
  await open("/audit?on=2026-03-01");
  await dropped("odd.csv", "a,<b>x</b>,when\nC7B,1,2026-03-01\n");
  await status(/odd\.csv: 3 columns, 0 selected/);
  assert.match(await text("#columns"), /<b>x<\/b>/);
  await page.click("form.panel button");
  await page.waitForFunction(() => /no column with codes is selected/i.test(document.querySelector("#audit-result").innerText));
  await page.focus('input[name=pick][value="0 a"]');
  await page.keyboard.press("Space");
  await page.focus("#pick_date");
  await page.keyboard.type("when");
  await page.focus('input[name=pick][value="0 a"]');
  await page.keyboard.press("Enter");
  await status(/was checked/);
  assert.match(await text("#audit-result"), /C7B/);
  await dropped("bundle.json", '{"resourceType":"Bundle","entry":[]}');
  await status(/bundle\.json: FHIR: there are no columns to choose/);
  await dropped("headless.csv", "SECRET,C7B,2026-03-01\n");
  await status(/headless\.csv: .*The first line is a claim/);
  assert.ok(await page.$("#code"), "names can be typed");
  assert.ok(!(await text("main")).includes("SECRET"));
  assert.deepEqual(complaints.filter((said) => !said.includes("422")), []);
});

test("the columns of a file are chosen on a phone and in the dark", async () => {
  const many = `${[...Array(40).keys()].map((at) => `field_with_a_rather_long_name_${at}`).join(",")},dx1,dx2,px1,discharge_date,admit_date,service_date\n`;
  for (const [look, width, scheme] of [["light", 1280, "light"], ["dark", 1280, "dark"], ["phone", 390, "light"]]) {
    await page.setViewport({ width, height: 900, deviceScaleFactor: 1 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await open("/audit?on=2026-03-01");
    await dropped("claims.csv", many);
    await status(/46 columns, 3 selected/);
    await page.screenshot({ path: join(SCREENSHOTS, `audit-columns-${look}.png`), fullPage: true });
    await page.click("#columns summary");
    await page.evaluate(axe);
    const found = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), RULES);
    const said = found.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`);
    assert.deepEqual(said, [], look);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${look}: ${wide} pixels too wide`);
    await page.screenshot({ path: join(SCREENSHOTS, `audit-columns-open-${look}.png`), fullPage: true });
  }
  quiet();
});

test("without a script a file shows its columns in a step of its own", async () => {
  await page.setJavaScriptEnabled(false);
  const path = join(WORK, "claims.csv");
  writeFileSync(path, CLAIMS);
  await open("/audit?on=2026-03-01");
  await (await page.$("#claims")).uploadFile(path);
  await click("button[name=columns]");
  assert.match(await text("form.panel"), /choose it again/);
  assert.deepEqual(await ticked(), ["1 dx"]);
  await page.screenshot({ path: join(SCREENSHOTS, "audit-without-script.png"), fullPage: true });
  await (await page.$("#claims")).uploadFile(path);
  await click("form.panel button");
  assert.match(await text("#audit-summary"), /G35/);
  assert.ok(!(await text("main")).includes("SECRET"));
  // And without that step, by names that are typed.
  await (await page.$("#claims")).uploadFile(path);
  await page.type("#code", "dx,other");
  await page.type("#date", "dos");
  await click(".downloads button");
  assert.match(await text("#audit-summary"), /S30\.1XXA/);
});

test("what is wrong is told on a page", async () => {
  for (const [path, status, said] of [
    ["/nothing", 404, /nothing found at this address/i],
    ["/icd10cm/C7B?on=2026-02-30", 400, /is not a date: February 2026 has 28 days/i],
    ["/diff?set=icd10cm&old=FY2025&new=FY2019", 404, /not loaded/],
  ]) {
    const answer = await open(path);
    assert.equal(answer.status(), status, path);
    assert.match(await text("main"), said, path);
    assert.ok(await page.$("nav[aria-label=Site]"), path);
  }
});

const PAGES = {
  home: "/?on=2026-03-01",
  search: "/search?q=carcinoid&on=2026-03-01",
  "code-header": "/icd10cm/C7B?on=2026-05-01",
  "code-billable": "/icd10cm/C7B.02?on=2026-05-01",
  "code-deleted": "/icd10cm/S30.1XXA?on=2025-10-01",
  "code-unknown": "/icd10cm/C7B.99?on=2026-03-01",
  "code-not-covered": "/icd10cm/C7B.00?on=2018-03-01",
  procedure: "/icd10pcs/02703DZ?on=2022-05-01",
  browse: "/icd10cm?on=2026-05-01",
  chapter: "/icd10cm/chapter/2?on=2026-05-01",
  "browse-pcs": "/icd10pcs?on=2022-05-01",
  compare: "/compare?left=C7A&right=C7B&on=2026-05-01",
  diff: "/diff?set=icd10cm&old=FY2025&new=FY2026",
  "diff-filtered": "/diff?set=icd10cm&old=FY2025&new=FY2026&kind=new",
  "code-folded": "/icd10cm/C7B.02?on=2026-10-01",
  "search-not-covered": "/search?q=pain&on=2018-03-01",
  releases: "/releases?on=2026-03-01",
  release: "/releases/icd10cm/FY2026-04?on=2026-03-01",
  audit: "/audit?on=2026-03-01",
  about: "/about?on=2026-03-01",
  error: "/nothing",
};

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

for (const [name, path] of Object.entries(PAGES)) {
  test(`${name} is readable by everyone: light, dark, on a phone, printed`, async () => {
    for (const [look, width, scheme] of [["light", 1280, "light"], ["dark", 1280, "dark"], ["phone", 390, "light"]]) {
      await page.setViewport({ width, height: 900, deviceScaleFactor: 1 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await open(path);
      await page.screenshot({ path: join(SCREENSHOTS, `${name}-${look}.png`), fullPage: true });
      // The policy keeps scripts out of the page, so axe comes by the debugger's door.
      await page.evaluate(axe);
      const found = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), RULES);
      const said = found.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`);
      assert.deepEqual(said, [], `${name}, ${look}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${name}, ${look}: ${wide} pixels too wide`);
    }
    await page.emulateMediaType("print");
    assert.ok(await page.$eval("main", (main) => main.innerText.trim().length > 0));
    await page.emulateMediaType(null);
    assert.deepEqual(complaints.filter((said) => !said.includes("404")), []);
  });
}

test("every link of every page leads somewhere, and holds the day", async () => {
  const seen = new Map();
  for (const path of Object.values(PAGES)) {
    await open(path);
    for (const href of await page.$$eval("a[href^='/']", (all) => all.map((link) => link.getAttribute("href")))) {
      const address = href.split("#")[0];
      if (!seen.has(address)) seen.set(address, path);
    }
  }
  const broken = [];
  for (const [href, from] of seen) {
    const answer = await fetch(base + href, { headers: { accept: "text/html" } });
    await answer.arrayBuffer();
    if (answer.status !== 200) broken.push(`${answer.status} ${href} on ${from}`);
    if (/^\/(icd10cm|icd10pcs|search|compare)\b/.test(href) && !href.includes("on=")) broken.push(`no day: ${href} on ${from}`);
  }
  assert.deepEqual(broken, []);
  assert.ok(seen.size > 100, `${seen.size} links`);
});

test("the keyboard reaches everything, and shows where it is", async () => {
  await open("/icd10cm/C7B?on=2026-05-01");
  await page.keyboard.press("Tab");
  assert.match(await page.evaluate(() => document.activeElement.innerText), /Skip/);
  for (let at = 0; at < 12; at += 1) {
    await page.keyboard.press("Tab");
    const outline = await page.evaluate(() => {
      const style = getComputedStyle(document.activeElement);
      // Within a field for a date the browser shows which part one is at.
      return document.activeElement.type === "date" || style.outlineStyle !== "none" || style.boxShadow !== "none";
    });
    assert.ok(outline, `stop ${at} is not shown`);
  }
});

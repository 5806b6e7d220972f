// Takes the pictures of the pages. make_pictures.sh prepares everything and calls this.

import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { startBrowser, startServer } from "./start.mjs";

const { CODEYEAR, BROWSER, WORK, PICTURES, CLAIMS } = process.env;

// What is asked is fixed, so that the same data gives the same pictures.
const { server, base } = await startServer(CODEYEAR, ["--today", "2026-12-01"]);
const browser = await startBrowser(BROWSER, WORK);

// The text of each picture, by which a later run tells whether the pages still show it.
const shown = [];

// Returns the words that stand within the window, top to bottom as the page has them.
function wordsInWindow() {
  const words = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim().replace(/\s+/g, " ");
    const range = document.createRange();
    range.selectNode(walker.currentNode);
    const { top, bottom, width } = range.getBoundingClientRect();
    if (text && width > 1 && bottom > 0 && top < window.innerHeight) words.push(text);
  }
  return words.join("\n");
}

async function picture(name, path, { look = "light", height, from = null, prepare = null }) {
  const page = await browser.newPage();
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: look }]);
  await page.setViewport({ width: 1100, height });
  await page.goto(base + path, { waitUntil: "networkidle0" });
  await prepare?.(page);
  if (from) await page.$eval(from, (element) => window.scrollTo(0, element.getBoundingClientRect().top + window.scrollY - 16));
  await page.screenshot({ path: join(PICTURES, `${name}.png`), optimizeForSpeed: false });
  shown.push(`== ${name}`, await page.evaluate(wordsInWindow));
  await page.close();
}

async function audited(page) {
  const [chooser] = await Promise.all([page.waitForFileChooser(), page.click("input[type=file]")]);
  await chooser.accept([resolve(CLAIMS)]);
  await page.waitForFunction(() => /selected/.test(document.querySelector("#audit-status").innerText));
  await page.click("form.panel button");
  await page.waitForFunction(() => document.querySelector("#audit-result").innerText.includes("G35"));
}

try {
  for (const look of ["light", "dark"]) await picture(`code-${look}`, "/icd10cm/M54.5?on=2026-12-01", { look, height: 790 });
  await picture("diff", "/diff?set=icd10cm&old=FY2025&new=FY2026", { height: 708 });
  await picture("audit", "/audit?on=2026-12-01", { height: 480, from: "#audit-result", prepare: audited });
  await writeFile(join(PICTURES, "shown.txt"), shown.join("\n") + "\n");
} finally {
  await browser.close();
  server.kill("SIGTERM");
}

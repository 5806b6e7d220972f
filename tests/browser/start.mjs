// Starts what a script about the pages needs: a server of codeyear, and a headless browser.

import { spawn } from "node:child_process";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

// Returns the server's process and its address.
export async function startServer(program, args = []) {
  const server = spawn(program, [...args, "serve", "--listen", "127.0.0.1:0", "--log", "off"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const base = await new Promise((resolve, reject) => {
    server.stdout.once("data", (line) => resolve(String(line).trim()));
    server.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { server, base };
}

export const startBrowser = (program, work) =>
  puppeteer.launch({
    executablePath: program,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"],
    userDataDir: join(work, "profile"),
  });

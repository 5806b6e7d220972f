// What the pages gain by a script: results while one types, keys, a file dropped. Without it every form works.
(() => {
  "use strict";
  const query = document.getElementById("q");

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, [contenteditable]");
    if (event.key === "/" && query && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      query.focus();
      query.select();
    }
  });

  // Selects that narrow what is shown below them send their form by themselves only where it says so.
  for (const field of document.querySelectorAll("[data-sends]")) {
    field.addEventListener("change", () => {
      if (field.value && field.checkValidity()) field.form.requestSubmit();
    });
  }

  const results = document.getElementById("results");
  const status = document.getElementById("search-status");
  if (query && results && status) {
    const form = query.form;
    const page = form.getAttribute("action");
    let waiting = 0;
    let asked = null;
    const ask = async () => {
      const fields = new URLSearchParams(new FormData(form));
      if (asked) asked.abort();
      if (!query.value.trim()) {
        results.replaceChildren();
        status.textContent = "";
        return;
      }
      asked = new AbortController();
      const mine = asked;
      try {
        const answer = await fetch(`${page}?${fields}&fragment=1`, { signal: mine.signal });
        const found = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (mine.signal.aborted) return;
        const list = found.querySelector("[data-status]");
        if (!answer.ok || !list) {
          const said = found.querySelector("main .said, .said");
          status.textContent = said ? said.textContent : "The search failed; try again.";
          results.replaceChildren();
          return;
        }
        status.textContent = list.dataset.status;
        results.replaceChildren(list);
        history.replaceState(null, "", `${page}?${fields}`);
      } catch (error) {
        if (error.name !== "AbortError") status.textContent = "The search failed; try again.";
      }
    };
    form.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(ask, 180);
    });
    const links = () => [...results.querySelectorAll("a.hit")];
    document.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      const all = links();
      const at = all.indexOf(document.activeElement);
      if (document.activeElement !== query && at < 0) return;
      const next = event.key === "ArrowDown" ? at + 1 : at - 1;
      const target = next < 0 ? query : all[Math.min(next, all.length - 1)];
      if (target && !(document.activeElement === query && event.key === "ArrowUp")) {
        event.preventDefault();
        target.focus();
      }
    });
  }

  const claims = document.getElementById("claims");
  const drop = document.getElementById("drop");
  const result = document.getElementById("audit-result");
  const progress = document.getElementById("audit-status");
  if (claims && drop && result && progress) {
    const form = claims.form;
    const columns = document.getElementById("columns");
    // What stands there as long as the columns of no file are known.
    const unknown = [...columns.childNodes];
    let looking = null;
    // The columns are shown by themselves.
    const show = form.querySelector("button[name=columns]");
    if (show) show.remove();

    // As much of a file as its columns are told from: of a text the beginning, of Parquet its directory at the end, of
    // any other packed file all of it.
    const part = async (file) => {
      const bytes = async (from, to) => new DataView(await file.slice(from, to).arrayBuffer());
      const head = await bytes(0, 4);
      const magic = head.byteLength < 4 ? 0 : head.getUint32(0);
      if (magic === 0x50415231 && file.size > 12) {
        const length = (await bytes(file.size - 8, file.size - 4)).getUint32(0, true);
        return new Blob([file.slice(0, 4), file.slice(Math.max(4, file.size - 8 - length))]);
      }
      if (magic === 0x504b0304 || magic === 0xd0cf11e0) return file;
      return file.slice(0, 256 * 1024);
    };
    const names = (place) => [...place.querySelectorAll("#pick_date option")].map((option) => option.value).join("\n");
    const look = async () => {
      if (looking) looking.abort();
      looking = new AbortController();
      const { signal } = looking;
      const file = claims.files[0];
      if (!file) {
        progress.textContent = "";
        columns.replaceChildren(...unknown);
        return;
      }
      progress.textContent = `${file.name}: reading columns …`;
      const asked = new FormData();
      asked.set("columns", "1");
      try {
        asked.set("file", await part(file), file.name);
        const answer = await fetch(form.getAttribute("action"), { method: "POST", body: asked, signal });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (signal.aborted) return;
        const found = page.querySelector("#columns [data-status]");
        if (found) {
          progress.textContent = `${file.name}: ${found.dataset.status}`;
          // What was chosen of a file with the same columns stays.
          if (!names(found) || names(found) !== names(columns)) columns.replaceChildren(found);
        } else {
          const said = page.querySelector(".said");
          progress.textContent = `${file.name}: ${said ? said.textContent : "the columns cannot be shown."}`;
          columns.replaceChildren(...unknown);
        }
      } catch (error) {
        if (error.name === "AbortError") return;
        progress.textContent = `${file.name}: the columns cannot be shown; name them.`;
        columns.replaceChildren(...unknown);
      }
    };
    claims.addEventListener("change", look);
    // A browser may keep the file when one comes back.
    if (claims.files.length) look();

    const over = (event) => {
      event.preventDefault();
      drop.classList.toggle("over", event.type === "dragover");
    };
    drop.addEventListener("dragover", over);
    drop.addEventListener("dragleave", over);
    drop.addEventListener("drop", (event) => {
      over(event);
      if (event.dataTransfer.files.length) {
        claims.files = event.dataTransfer.files;
        look();
      }
    });
    form.addEventListener("submit", async (event) => {
      // A download is the browser's.
      if (event.submitter && event.submitter.name === "rows") return;
      event.preventDefault();
      const send = form.querySelector("button:not([name])");
      send.disabled = true;
      progress.textContent = "Checking the file …";
      result.replaceChildren();
      try {
        const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new FormData(form) });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const main = page.querySelector("#audit-summary") || page.querySelector("#failed") || page.querySelector(".said");
        progress.textContent = answer.ok ? "The file was checked." : "The file could not be checked.";
        // The page has a first heading already.
        for (const first of main ? main.querySelectorAll("h1") : []) {
          const second = page.createElement("h2");
          second.replaceChildren(...first.childNodes);
          first.replaceWith(second);
        }
        result.replaceChildren(...(main ? main.childNodes : []));
        result.focus();
      } catch {
        progress.textContent = "The file could not be sent; try again.";
      }
      send.disabled = false;
    });
  }
})();

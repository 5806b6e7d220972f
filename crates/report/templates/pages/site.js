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
        progress.textContent = `Chosen: ${claims.files[0].name}`;
      }
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const send = form.querySelector("button");
      send.disabled = true;
      progress.textContent = "The file is being checked …";
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

// Filters the list. Without it the page is whole and the filter is not shown.
(() => {
  "use strict";
  const form = document.getElementById("filter");
  const words = document.getElementById("words");
  const billableOnly = document.getElementById("billable-only");
  const shown = document.getElementById("shown");
  const kinds = [...form.querySelectorAll("input[name=kind]")];
  const chapters = [...document.querySelectorAll(".chapter")].map((chapter) => ({
    element: chapter,
    categories: [...chapter.querySelectorAll(".category")].map((category) => ({
      element: category,
      rows: [...category.querySelectorAll("li")],
    })),
  }));
  let rows = null;

  // Read on first use: a page of thousands of rows opens no slower for it.
  const index = () => {
    rows = new Map();
    for (const row of document.querySelectorAll(".category li")) {
      const titles = [...row.querySelectorAll(".title")].map((title) => title.textContent);
      rows.set(row, {
        code: row.querySelector(".code").textContent.replace(".", "").toLowerCase(),
        text: titles.join(" ").replaceAll("␣", " ").toLowerCase(),
        kind: row.classList[0],
        headers: row.classList.contains("headers"),
      });
    }
  };

  // The line is printed when not everything is shown, so it says what was asked for.
  const tell = (count, all) => {
    const asked = [];
    if (words.value.trim()) asked.push(`for “${words.value.trim()}”`);
    if (billableOnly.checked) asked.push("billable codes only");
    const off = kinds.filter((kind) => !kind.checked).map((kind) => kind.dataset.label);
    if (off.length) asked.push(`without ${off.join(", ")}`);
    shown.textContent = [
      `${count.toLocaleString("en-US")} of ${all.toLocaleString("en-US")} changes shown`,
      ...asked,
    ].join("; ");
    shown.classList.toggle("whole", count === all);
  };

  const apply = () => {
    if (!rows) index();
    const terms = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const on = new Set(kinds.filter((kind) => kind.checked).map((kind) => kind.value));
    let count = 0;
    for (const chapter of chapters) {
      let inChapter = 0;
      for (const category of chapter.categories) {
        let inCategory = 0;
        for (const row of category.rows) {
          const about = rows.get(row);
          const wanted =
            on.has(about.kind) &&
            !(billableOnly.checked && about.headers) &&
            terms.every((term) => {
              const code = term.replaceAll(".", "");
              return (code && about.code.startsWith(code)) || about.text.includes(term);
            });
          row.hidden = !wanted;
          if (wanted) inCategory += 1;
        }
        category.element.hidden = inCategory === 0;
        inChapter += inCategory;
      }
      chapter.element.hidden = inChapter === 0;
      count += inChapter;
    }
    tell(count, rows.size);
  };

  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 100);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    apply();
  });
  form.addEventListener("reset", () => {
    // The fields are emptied after this event.
    clearTimeout(waiting);
    waiting = setTimeout(apply, 0);
  });
  document.getElementById("print").addEventListener("click", () => window.print());
  // A link to a row that the filter hides must still lead there.
  window.addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.closest("[hidden]")) {
      form.reset();
      clearTimeout(waiting);
      apply();
      target.scrollIntoView();
    }
  });
  // A browser that goes back to the page may have kept what was typed.
  window.addEventListener("pageshow", () => {
    if (words.value || billableOnly.checked || kinds.some((kind) => !kind.checked)) apply();
  });
  const total = document.querySelectorAll(".category li").length;
  tell(total, total);
  form.hidden = false;
})();

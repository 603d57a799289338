"use strict";
(() => {
  // Everything can be read without this. It searches, filters, copies and changes the theme.
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const search = document.getElementById("search");
  const rows = all(".row");
  const buttons = [];
  const pressed = () => buttons.filter((b) => b.getAttribute("aria-pressed") === "true").map((b) => b.dataset.status);

  function apply() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = pressed();
    let shown = 0;
    for (const row of rows) {
      const name = row.dataset.name.toLowerCase();
      const statuses = row.dataset.statuses.split(" ");
      const fits = words.every((w) => name.includes(w)) && (!wanted.length || wanted.some((s) => statuses.includes(s)));
      row.hidden = !fits;
      shown += fits;
    }
    for (const chapter of all(".chapter")) chapter.hidden = !all(".row", chapter).some((row) => !row.hidden);
    document.getElementById("shown").textContent = `${shown} of ${rows.length} subjects`;
  }

  function fromHash() {
    // #q=gelu&status=fail,error
    const given = new URLSearchParams(location.hash.slice(1));
    if (given.has("q")) search.value = given.get("q");
    if (given.has("status")) {
      const wanted = given.get("status").split(",");
      for (const button of buttons) button.setAttribute("aria-pressed", String(wanted.includes(button.dataset.status)));
    }
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") target.open = true;
    apply();
  }

  for (const item of all("#legend [data-status]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = item.className;
    button.dataset.status = item.dataset.status;
    button.textContent = item.textContent;
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      apply();
    });
    item.replaceWith(button);
    buttons.push(button);
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  }
  for (const button of all("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await copy(button.parentElement.querySelector("pre").textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
  }

  const theme = document.getElementById("theme");
  const root = document.documentElement;
  let kept = null;
  try { kept = localStorage.getItem("rcmlrs-theme"); } catch { /* a page from a file may have no storage */ }
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("rcmlrs-theme", root.dataset.theme); } catch { /* it lasts as long as the page */ }
  });

  document.getElementById("controls").hidden = false;
  search.addEventListener("input", apply);
  addEventListener("hashchange", fromHash);
  fromHash();
})();

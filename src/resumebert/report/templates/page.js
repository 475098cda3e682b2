"use strict";
(() => {
  function sort(table, column, button) {
    const heading = button.parentElement;
    const isNumber = heading.classList.contains("n");
    const before = heading.getAttribute("aria-sort");
    const falling = before ? before === "ascending" : isNumber;
    table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const sign = falling ? -1 : 1;
    const rows = [...table.tBodies[0].rows].map((row) => {
      const cell = row.cells[column];
      return [cell.dataset.v === undefined ? cell.textContent.trim() : cell.dataset.v, row];
    });
    rows.sort(([a], [b]) => {
      if (!isNumber) return sign * a.localeCompare(b);
      if (a === "" || b === "") return (a === "") - (b === "");
      return sign * (Number(a) - Number(b));
    });
    table.tBodies[0].append(...rows.map(([, row]) => row));
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      if (heading.classList.contains("plain-head") || !heading.textContent) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sort(table, column, button));
    });
  }

  const choose = document.getElementById("choose");
  if (choose) {
    choose.parentElement.hidden = false;
    choose.addEventListener("change", () => {
      for (const panel of document.querySelectorAll("details.panel")) {
        panel.hidden = choose.value !== "" && panel.id !== choose.value;
        if (panel.id === choose.value) panel.open = true;
      }
    });
  }

  // A link to a label opens its panel, whatever was chosen.
  function openTarget() {
    const place = document.getElementById(location.hash.slice(1));
    const panel = place && place.closest("details.panel");
    if (!panel) return;
    if (choose && choose.value) {
      choose.value = "";
      choose.dispatchEvent(new Event("change"));
    }
    panel.open = true;
    panel.scrollIntoView();
  }
  addEventListener("hashchange", openTarget);
  openTarget();

  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      links.forEach((link) => link.removeAttribute("aria-current"));
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-10% 0px -80% 0px" });
  document.querySelectorAll("section[id]").forEach((section) => seen.observe(section));

  // Paper has nothing to click on.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("section > details:not([open])")];
    opened.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((details) => { details.open = false; }));
})();

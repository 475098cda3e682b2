"use strict";
(() => {
  const tip = document.getElementById("tip");

  function show(words, x, y) {
    tip.textContent = words;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(8, Math.min(x + 14, innerWidth - box.width - 8)) + "px";
    tip.style.top = (y + 18 + box.height > innerHeight ? y - box.height - 12 : y + 18) + "px";
  }

  function hide() {
    tip.hidden = true;
    document.querySelectorAll("circle.here").forEach((dot) => dot.remove());
  }

  // The corners of a line, from its path: M and L with two numbers, H and V with one.
  const corners = new WeakMap();
  function pointsOf(path) {
    if (corners.has(path)) return corners.get(path);
    const points = [];
    let x = 0, y = 0;
    for (const [, command, numbers] of path.getAttribute("d").matchAll(/([MLHV])([^MLHV]+)/g)) {
      const values = numbers.trim().split(/[ ,]+/).map(Number);
      if (command === "H") { x = values[0]; continue; }
      if (command === "V") y = values[0];
      else [x, y] = values;
      points.push([x, y]);
    }
    corners.set(path, points);
    return points;
  }

  function nearest(svg, x, y) {
    let best = null;
    for (const path of svg.querySelectorAll("path.line[data-n]")) {
      pointsOf(path).forEach(([px, py], index) => {
        const distance = Math.hypot(px - x, py - y);
        if (!best || distance < best.distance) best = { path, index, px, py, distance };
      });
    }
    return best && best.distance < 40 ? best : null;
  }

  function words(svg, found) {
    const area = svg.dataset.area.split(" ").map(Number);
    const [x0, x1] = svg.dataset.x.split(" ").map(Number);
    const [y0, y1] = svg.dataset.y.split(" ").map(Number);
    const x = x0 + ((found.px - area[0]) / area[2]) * (x1 - x0);
    const y = y1 - ((found.py - area[1]) / area[3]) * (y1 - y0);
    const format = (value, low, high) =>
      high - low > 5 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
    let said = `${found.path.dataset.n}: ${svg.dataset.xn} ${format(x, x0, x1)}, ` +
      `${svg.dataset.yn} ${format(y, y0, y1)}`;
    const cut = found.path.dataset.t && found.path.dataset.t.split(" ")[found.index];
    if (cut && cut !== "inf") said += `, threshold ${cut}`;
    return said;
  }

  // What a square of labels by labels says.
  function square(svg, at) {
    const [left, top, side] = svg.dataset.grid.split(" ").map(Number);
    const column = Math.floor((at.x - left) / side), row = Math.floor((at.y - top) / side);
    const rows = JSON.parse(svg.dataset.rows), columns = JSON.parse(svg.dataset.columns);
    if (row < 0 || column < 0 || row >= rows.length || column >= columns.length) return null;
    const counts = svg.dataset.counts.split(";").map((line) => line.split(" "));
    if (svg.dataset.told === "confusion") {
      const what = column ? `are wrongly given ${columns[column]}` : "are given no wrong label";
      return `${rows[row]} missed: ${counts[row][column]} ${what}`;
    }
    if (row === column) return null;
    const [a, b] = [Math.min(row, column), Math.max(row, column)];
    return `${rows[a]} and ${rows[b]}: ${counts[a][b]} documents have both, ` +
      `${counts[b][a]} are given both`;
  }

  document.addEventListener("pointermove", (event) => {
    const target = event.target;
    if (!(target instanceof Element)) return;
    hide();
    const told = target.closest("[data-tip]");
    if (told) return show(told.dataset.tip, event.clientX, event.clientY);
    const svg = target.closest("svg.plot, svg.matrix");
    if (!svg) return;
    const at = new DOMPoint(event.clientX, event.clientY)
      .matrixTransform(svg.getScreenCTM().inverse());
    if (svg.matches(".matrix")) {
      const said = square(svg, at);
      if (said) show(said, event.clientX, event.clientY);
      return;
    }
    const found = nearest(svg, at.x, at.y);
    if (!found) return;
    const dot = document.createElementNS(svg.namespaceURI, "circle");
    dot.setAttribute("class", "here");
    dot.setAttribute("cx", found.px);
    dot.setAttribute("cy", found.py);
    dot.setAttribute("r", "4");
    svg.append(dot);
    show(words(svg, found), event.clientX, event.clientY);
  });
  document.addEventListener("pointerleave", hide);
  document.addEventListener("scroll", hide, { passive: true, capture: true });
})();


"use strict";
(() => {
  const root = document.documentElement;
  const lanes = document.querySelector(".lanes");
  const svg = lanes.querySelector("svg");
  const count = Number(getComputedStyle(document.body).getPropertyValue("--n"));
  const rows = [...lanes.querySelectorAll(".run")];
  const lane = rows.map((row) => Number(row.style.getPropertyValue("--l")));
  const arrows = [...svg.querySelectorAll("path")].map((path) => {
    const [from, to] = [Number(path.dataset.f), Number(path.dataset.t)];
    return { path, from, to };
  });
  const touching = rows.map(() => []);
  for (const arrow of arrows) {
    touching[arrow.from].push(arrow);
    touching[arrow.to].push(arrow);
  }
  const place = (row) => Number(row.id.slice(1));
  root.classList.add("js");

  // The same line as the generator's, between the rows where they are now.
  const draw = () => {
    const height = lanes.offsetHeight - 6;
    const middle = rows.map((row) => row.hidden ? -1 : row.offsetTop - 6 + 12);
    svg.setAttribute("viewBox", `0 0 ${count} ${height}`);
    svg.style.height = `${height}px`;
    for (const { path, from, to } of arrows) {
      const [above, below] = [middle[from], middle[to]];
      path.style.display = above < 0 || below < 0 ? "none" : "";
      if (above < 0 || below < 0) continue;
      const [a, z] = [lane[from], lane[to]];
      const [start, turn] = z > a ? [a + 0.98, z + 0.025] : [a + 0.09, z + 0.065];
      const x = z + 0.045;
      path.setAttribute("d",
        `M${start} ${above}H${turn}Q${x} ${above} ${x} ${above + 5}V${below - 5}Q${x} ${below} ${z + 0.065} ${below}H${z + 0.09}`);
    }
  };
  let asked = false;
  const drawSoon = () => {
    if (asked) return;
    asked = true;
    setTimeout(() => { asked = false; draw(); });
  };

  let lit = [];
  const light = (row) => {
    for (const [element, name] of lit) element.classList.remove(name);
    lit = [];
    const add = (element, name) => { element.classList.add(name); lit.push([element, name]); };
    const mine = row ? touching[place(row)] : [];
    root.classList.toggle("hl", mine.length > 0);
    if (mine.length > 0) add(row, "self");
    for (const { path, from, to } of mine) {
      add(path, "on");
      svg.append(path); // above the others
      for (const other of [from, to]) if (rows[other] !== row) add(rows[other], "lit");
    }
  };
  const rowOf = (event) => event.target.closest(".run");
  lanes.addEventListener("pointerover", (event) => light(rowOf(event)));
  lanes.addEventListener("pointerleave", () => light(null));
  lanes.addEventListener("focusin", (event) => light(rowOf(event)));
  lanes.addEventListener("focusout", () => light(null));
  lanes.addEventListener("toggle", drawSoon, true);
  addEventListener("resize", drawSoon);

  const bar = document.querySelector(".bar");
  const filter = () => {
    const wanted = [...bar.querySelectorAll("select")].map((list) => list.value).filter((value) => value !== "");
    let shown = 0;
    for (const row of rows) {
      const keys = row.dataset.k.split(" ");
      row.hidden = !wanted.every((value) => keys.includes(value));
      shown += row.hidden ? 0 : 1;
    }
    bar.querySelector("output").textContent = wanted.length > 0 ? `${shown} of ${rows.length}` : "";
    draw();
  };
  bar.hidden = false;
  bar.addEventListener("change", filter);
  bar.addEventListener("submit", (event) => event.preventDefault());
  bar.addEventListener("click", (event) => {
    if (event.target.name !== "open" && event.target.name !== "close") return;
    for (const row of rows) row.open = event.target.name === "open" && !row.hidden;
    draw();
  });

  // A link to a hook shows it, whatever was chosen.
  const follow = () => {
    const row = document.getElementById(location.hash.slice(1));
    if (!row || !row.classList.contains("run")) return;
    if (row.hidden) { bar.reset(); filter(); }
    row.open = true;
    row.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", follow);
  filter();
  follow();
})();

(() => {
  const table = document.getElementById("claims-table"), body = table.tBodies[0], rows = [...body.rows];
  const form = document.querySelector(".controls"), fields = ["words", "paper", "verdict"].map((id) => document.getElementById(id));
  const [words, paper, verdict] = fields, shown = document.getElementById("shown");

  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !((!paper.value || row.dataset.paper === paper.value) && (!verdict.value || row.dataset.verdict === verdict.value)
        && wanted.every((word) => text.includes(word)));
      found += !row.hidden;
    }
    shown.textContent = found === rows.length ? `${found} claims` : `${found} of ${rows.length} claims`;
  };

  // The address holds the filter, as in #claims?paper=cgnn&verdict=reproduced, so that a view can be sent to somebody.
  const keep = () => {
    const kept = new URLSearchParams(fields.filter((field) => field.value).map((field) => [field.id, field.value])).toString();
    history.replaceState(null, "", kept ? `#claims?${kept}` : "#claims");
  };
  const follow = () => {
    const [id, query] = decodeURIComponent(location.hash.slice(1)).split("?");
    if (query !== undefined) {
      const wanted = new URLSearchParams(query);
      for (const field of fields) field.value = wanted.get(field.id) ?? "";
      filter();
    }
    const target = document.getElementById(id);
    if (!target) return;
    for (let outer = target.closest("details"); outer; outer = outer.parentElement.closest("details")) outer.open = true;
    if (query !== undefined || target.closest("details")) target.scrollIntoView();
  };

  const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
  const sort = (heading) => {
    const column = heading.cellIndex, down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const numeric = heading.classList.contains("num"), sign = down ? -1 : 1;
    const order = (a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      if (!numeric) return sign * x.localeCompare(y, "en", { numeric: true });
      const [p, q] = [parseFloat(x), parseFloat(y)];
      return isNaN(p) || isNaN(q) ? isNaN(p) - isNaN(q) : sign * (p - q);
    };
    body.append(...[...rows].sort(order));
  };

  for (const heading of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(heading));
    heading.append(button);
  }
  const change = () => { filter(); keep(); };
  form.addEventListener("input", change);
  form.addEventListener("reset", () => setTimeout(change));
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", follow);
  filter();
  follow();
})();

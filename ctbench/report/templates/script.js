(() => {
  const table = document.getElementById("claims-table"), body = table.tBodies[0], rows = [...body.rows];
  const form = document.querySelector(".controls"), field = (id) => document.getElementById(id);

  const filter = () => {
    const words = field("words").value.toLowerCase().split(/\s+/).filter(Boolean);
    const paper = field("paper").value, verdict = field("verdict").value;
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !((!paper || row.dataset.paper === paper) && (!verdict || row.dataset.verdict === verdict)
        && words.every((word) => text.includes(word)));
      shown += !row.hidden;
    }
    field("shown").textContent = shown === rows.length ? `${shown} claims` : `${shown} of ${rows.length} claims`;
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
    heading.tabIndex = 0;
    heading.addEventListener("click", () => sort(heading));
    heading.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(heading); });
  }
  for (const link of document.querySelectorAll("a.count")) {
    link.addEventListener("click", () => {
      field("words").value = "";
      field("paper").value = link.dataset.paper;
      field("verdict").value = link.dataset.verdict;
      filter();
    });
  }
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
})();

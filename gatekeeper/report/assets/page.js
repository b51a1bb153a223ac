
"use strict";
// Adds what the page does without: sorting by column and filters. It writes text only, never markup.
(() => {
  const make = (name, text) => {
    const element = document.createElement(name);
    if (text) element.textContent = text;
    return element;
  };
  const keyOf = (row, index) => {
    const cell = row.cells[index];
    return cell.dataset.key ?? cell.textContent.trim();
  };
  const compare = (left, right) => {
    const difference = Number(left) - Number(right);
    return left !== "" && right !== "" && !Number.isNaN(difference) ? difference : left.localeCompare(right, "en", { numeric: true });
  };

  const sortable = (table) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, index) => {
      const button = make("button", head.textContent);
      button.type = "button";
      head.textContent = "";
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending" || (head.getAttribute("aria-sort") === "none" && "number" in head.dataset);
        heads.forEach((other) => other.setAttribute("aria-sort", "none"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const body = table.tBodies[0];
        const keyed = [...body.rows].map((row) => [keyOf(row, index), row]);
        keyed.sort((one, two) => (down ? compare(two[0], one[0]) : compare(one[0], two[0])));
        body.append(...keyed.map((pair) => pair[1]));
      });
    });
  };

  const labelled = (title, control) => {
    const label = make("label", title);
    label.append(control);
    return label;
  };

  const filtered = (table) => {
    const rows = [...table.tBodies[0].rows];
    if (rows.length < 6) return;
    const titles = [...table.tHead.rows[0].cells].map((head) => head.textContent.trim());
    const words = make("input");
    words.type = "search";
    words.autocomplete = "off";
    const picks = [...table.tHead.rows[0].cells].flatMap((head, index) => {
      const values = "pick" in head.dataset ? [...new Set(rows.map((row) => row.cells[index].textContent.trim()))].sort() : [];
      if (values.length < 2 || values.length > 60) return [];
      const select = make("select");
      select.append(new Option("all", ""), ...values.map((value) => new Option(value, `=${value}`)));
      return [{ index, select }];
    });
    const found = make("output");
    found.setAttribute("role", "status");
    const bar = make("div");
    bar.className = "tools";
    bar.setAttribute("role", "search");
    bar.setAttribute("aria-label", `Filter: ${table.parentElement.getAttribute("aria-label")}`);
    bar.append(labelled("contains", words), ...picks.map(({ index, select }) => labelled(titles[index], select)), found);
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const apply = () => {
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const fits = wanted.every((word) => texts.get(row).includes(word))
          && picks.every(({ index, select }) => select.value === "" || `=${row.cells[index].textContent.trim()}` === select.value);
        row.hidden = !fits;
        shown += fits ? 1 : 0;
      }
      found.textContent = `${shown} of ${rows.length} shown`;
    };
    bar.addEventListener("input", apply);
    apply();
    table.parentElement.before(bar);
  };

  for (const table of document.querySelectorAll("main table")) {
    if (table.classList.contains("filtered")) filtered(table);
    sortable(table);
  }
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
})();

// Filters, and what is folded on paper. Everything can be read without this script.
(() => {
"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const filters = document.getElementById("filters");
const fields = all("select, input", filters || document.createElement("div"));

const matches = (element, want) => {
  const {outcome = "", host = "", subjects = ""} = element.dataset;
  const own = subjects.split(" ").filter(Boolean);
  if (want.outcome && "outcome" in element.dataset && outcome !== want.outcome) return false;
  if (want.host && host && host !== want.host) return false;
  if (want.subject === "hosts" && own.length) return false;
  if (want.subject && want.subject !== "hosts" && "subjects" in element.dataset
      && own[0] !== "*" && !own.includes(want.subject)) return false;
  return !want.text || element.textContent.toLowerCase().includes(want.text);
};

const apply = () => {
  const want = Object.fromEntries(fields.map(field => [field.name, field.value]));
  want.text = want.text.trim().toLowerCase();
  const some = Object.values(want).some(Boolean);
  const items = all("[data-outcome]");
  items.forEach(item => item.classList.toggle("filtered", !matches(item, want)));
  all("[data-host]:not([data-outcome])").forEach(one =>
    one.classList.toggle("filtered", Boolean(want.host) && one.dataset.host !== want.host));
  all(".group").forEach(group => {
    const names = all("li", group);
    names.forEach(name => name.classList.toggle("filtered", !matches(name, {...want, outcome: ""})));
    group.classList.toggle("filtered", names.every(name => name.classList.contains("filtered")));
  });
  const shown = items.filter(item => !item.classList.contains("filtered"));
  all(".nothing").forEach(note => {
    const own = all("[data-outcome]", note.parentElement);
    note.hidden = !own.length || own.some(item => !item.classList.contains("filtered"));
  });
  all("main details").forEach(details => {
    const own = all("[data-outcome]", details);
    if (own.length) details.open = some && own.some(item => shown.includes(item));
  });
  filters.querySelector("output").textContent = some ? `${shown.length} of ${items.length} shown` : "";
};

const showAll = () => {
  fields.forEach(field => { field.value = ""; });
  apply();
};

if (filters) {
  filters.hidden = false;
  filters.addEventListener("input", apply);
  filters.querySelector("button").addEventListener("click", showAll);
}

// a link into what is folded or filtered out
const show = () => {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (!target) return;
  if (target.closest(".filtered")) showAll();
  const folded = target.closest("details") || target.querySelector(":scope > details");
  if (folded) folded.open = true;
  target.scrollIntoView();
};
addEventListener("hashchange", show);
show();

let folded = [];
addEventListener("beforeprint", () => {
  folded = all("details:not([open])");
  folded.forEach(details => { details.open = true; });
});
addEventListener("afterprint", () => folded.forEach(details => { details.open = false; }));
})();

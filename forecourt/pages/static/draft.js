// Keeps what is typed on this machine until the server has taken it: `<form data-draft="ACCOUNT" id="...">`.
// A page that loses its server, its session or its battery shows the same words again to the same person.
"use strict";

(() => {
  const BEGIN = "draft ";
  const LIFE = 7 * 24 * 3600 * 1000;
  const TYPED = "textarea, select, input:not([type=hidden], [type=password], [type=file], [type=submit])";
  const keyOf = (form) => `${BEGIN}${form.dataset.draft} ${new URL(form.action).pathname} ${form.id}`;
  const read = (key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };
  const kept = () => Object.keys(localStorage).filter((key) => key.startsWith(BEGIN));
  const pick = (form) => [...form.querySelectorAll(TYPED)].filter((field) => field.name);

  function keep(form) {
    const fields = {};
    for (const field of pick(form)) {
      if (field.type === "radio") { if (field.checked) fields[field.name] = field.value; }
      else fields[field.name] = field.type === "checkbox" ? field.checked : field.value;
    }
    try { localStorage.setItem(keyOf(form), JSON.stringify({ at: Date.now(), fields })); } catch { /* full, or forbidden: it is a help only */ }
  }

  const known = new WeakSet();
  function restore() {
    for (const form of document.querySelectorAll("form[data-draft]")) {
      if (known.has(form)) continue;
      known.add(form);
      const draft = read(keyOf(form));
      if (!draft) continue;
      for (const field of pick(form)) {
        const value = draft.fields[field.name];
        if (value === undefined) continue;
        if (field.type === "radio") field.checked = field.value === value;
        else if (field.type === "checkbox") field.checked = value;
        else if (field.value === field.defaultValue || field.tagName === "SELECT") field.value = value;
        field.closest("details")?.toggleAttribute("open", true);
      }
    }
  }

  document.addEventListener("input", (event) => { if (event.target.form?.dataset.draft) keep(event.target.form); });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    // Who signs out leaves nothing behind for the next person at this machine.
    if (new URL(form.action).pathname === "/sign-out") for (const key of kept()) localStorage.removeItem(key);
    if (form.dataset.draft && read(keyOf(form))) {
      localStorage.setItem(keyOf(form), JSON.stringify({ ...read(keyOf(form)), sent: true }));
    }
  });
  // A page that sends by its own script tells when the server has taken it.
  document.addEventListener("draft:taken", (event) => { if (event.target.dataset.draft) localStorage.removeItem(keyOf(event.target)); });
  // `#done` says that the server took the last form; without it what was sent is shown again.
  const taken = document.getElementById("done") !== null;
  for (const key of kept()) {
    const draft = read(key);
    if (!draft || (taken && draft.sent) || Date.now() - draft.at > LIFE) localStorage.removeItem(key);
  }
  restore();
  document.addEventListener("htmx:after:swap", restore);
})();

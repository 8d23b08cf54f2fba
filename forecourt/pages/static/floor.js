// The technician's page: a photo goes as it is taken, what could not be sent says so in its place, and a form that was
// taken is empty again. What is typed is kept by draft.js.
"use strict";

(() => {
  document.documentElement.classList.add("scripted");
  const SIDE = 2048; // of a photo, in pixels: enough to read a tyre by, and a tenth of what a camera makes
  const job = document.getElementById("job");
  const told = document.getElementById("told");
  const unsent = new Map(); // id of a form: its sentence, and the key by which sending it again acts once
  const drafts = new WeakSet(); // forms that say that what was typed is kept

  function say(form, text, kind) {
    let box = form.querySelector(`:scope > .${kind}`);
    if (!text) { box?.remove(); return; }
    if (!box) {
      box = document.createElement(kind === "kept" ? "small" : "p");
      box.className = kind === "kept" ? "kept" : "unsent notice bad";
      box.setAttribute("role", kind === "kept" ? "status" : "alert");
      form.append(box);
    }
    if (box.textContent !== text) box.textContent = text;
  }

  // A fragment that comes in knows nothing of this.
  function again() {
    for (const form of job.querySelectorAll("form")) {
      form.classList.toggle("unsent", unsent.has(form.id));
      say(form, unsent.get(form.id)?.text, "unsent");
      say(form, drafts.has(form) ? job.dataset.kept : "", "kept");
      const key = unsent.get(form.id)?.key;
      if (key && form.elements.key) form.elements.key.value = key;
    }
    const done = job.querySelector("#done");
    if (!done) return;
    told.replaceChildren(done); // it stays a while, whatever the next fragment says
    clearTimeout(told.timer);
    told.timer = setTimeout(() => told.replaceChildren(), 8000);
  }

  const formOf = (event) => (event.detail.ctx?.sourceElement?.matches?.("#job form") ? event.detail.ctx.sourceElement : null);
  function failed(form) {
    // It may have been taken all the same, and only its answer been lost.
    const text = form.classList.contains("camera") ? job.dataset.unsentPhoto : job.dataset.unsent;
    unsent.set(form.id, { text, key: form.elements.key?.value });
    again();
    form.querySelector(":scope > .unsent")?.scrollIntoView({ block: "center" }); // not behind the bar
  }

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form?.dataset.draft) return;
    drafts.add(form);
    if (unsent.has(form.id)) unsent.get(form.id).key = undefined; // other words are another message
    say(form, job.dataset.kept, "kept");
  });
  document.addEventListener("htmx:after:request", (event) => {
    const form = formOf(event);
    if (!form) return;
    const { status } = event.detail.ctx.response;
    if (status < 300) {
      unsent.delete(form.id);
      drafts.delete(form);
      form.dispatchEvent(new CustomEvent("draft:taken", { bubbles: true }));
      form.reset();
      again();
    } else if (![409, 422].includes(status)) failed(form);
    else unsent.delete(form.id); // it was sent, and refused: the page says why
  });
  document.addEventListener("htmx:error", (event) => { const form = formOf(event); if (form) failed(form); });
  document.addEventListener("htmx:after:swap", again);
  again();

  async function smaller(file) {
    try {
      const picture = await createImageBitmap(file);
      const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
      if (scale === 1 && file.size < 1e6) return file;
      const canvas = Object.assign(document.createElement("canvas"), {
        width: Math.round(picture.width * scale), height: Math.round(picture.height * scale),
      });
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const made = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.85); });
      return new File([made], "photo.jpg", { type: "image/jpeg" });
    } catch { return file; } // no picture that this browser reads: the server says what it is
  }
  document.addEventListener("change", async (event) => {
    const input = event.target;
    if (input.type !== "file" || !input.files.length || !input.form?.matches(".camera")) return;
    const taken = new DataTransfer();
    taken.items.add(await smaller(input.files[0]));
    input.files = taken.files;
    input.form.requestSubmit();
  });
})();

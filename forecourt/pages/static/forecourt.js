// What plain pages cannot do alone: tell the server the browser's time zone, open a sign-in link whose secret
// stands behind the # (so that it never reaches a log), and say when the connection is gone.
"use strict";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;

const link = document.getElementById("link");
if (link && location.hash.length > 1) {
  link.elements.secret.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname + location.search);
  link.submit();
}

// On a narrow screen the menu is wider than the page: the page one is on is seen in it.
const current = document.querySelector(".bar nav [aria-current]");
if (current) current.parentElement.scrollLeft = current.offsetLeft - current.parentElement.offsetLeft - 16;

const offline = document.getElementById("offline");
const notice = document.getElementById("notice");
let refused = false;  // the notice says what came of a person's own deed, not of the page's own looking
const away = (gone) => {
  const back = !gone && !offline.hidden;
  offline.hidden = !gone;
  // What could not be fetched meanwhile is fetched now.
  if (back && document.getElementById("live")) htmx.trigger("#live", "changed");
};
document.addEventListener("htmx:error", () => away(true));
document.addEventListener("htmx:response:error", (event) => away(event.detail.ctx.response.status >= 500));
// A stream that is refused as it comes back: what opened it, a session or a link, has ended meanwhile. The page asks
// anew, and shows what it is answered: that a link has ended, in place of all, or a notice above.
const REFUSED = new Set([401, 403, 404, 410]);
document.addEventListener("htmx:sse:error", (event) => {
  if (!REFUSED.has(event.detail.status)) away(true);
  else if (!notice.hasChildNodes()) htmx.trigger("#live", "changed");
});
document.addEventListener("htmx:sse:before:connection", (event) => {
  if (document.getElementById("ended")) event.preventDefault();
});
document.addEventListener("htmx:sse:after:connection", () => {
  if (notice.hasChildNodes()) htmx.trigger("#live", "changed");
  away(false);
});
document.addEventListener("htmx:after:swap", (event) => {
  const { request, response } = event.detail.ctx;
  const looked = request?.method === "GET";
  if (response?.status >= 400) { refused = !looked; return; }
  away(false);
  // What a person was refused stays until he does something else, however often the page catches up meanwhile.
  if (!looked || !refused) { notice.replaceChildren(); refused = false; }
  // The page has moved on from what the last form did.
  if (event.target.id === "visits") document.getElementById("done")?.remove();
});

// A form is sent once: a second tap while the answer is on its way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => { delete form.dataset.sent; }, 5000);
});

// A page that goes along with a parcel is printed.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// Counts down what is held: `<... data-left="SECONDS">`, from the server's own time on. Asks again when it is over.
const ends = new WeakMap();
setInterval(() => {
  for (const box of document.querySelectorAll("[data-left]")) {
    if (ends.get(box)?.from !== box.dataset.left) {
      ends.set(box, { from: box.dataset.left, at: performance.now() + 1000 * Number(box.dataset.left), over: false });
    }
    const end = ends.get(box);
    const left = Math.max(0, Math.ceil((end.at - performance.now()) / 1000));
    const two = (value) => String(value).padStart(2, "0");
    box.textContent = `${Math.floor(left / 3600)}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
    if (left === 0 && !end.over && document.getElementById("live")) htmx.trigger("#live", "changed");
    end.over = left === 0;
  }
}, 500);

// Where the car stands, when its owner asks for help and wants to send it along.
const here = document.getElementById("here");
if (here && navigator.geolocation) {
  here.hidden = false;
  here.addEventListener("click", () => navigator.geolocation.getCurrentPosition(({ coords }) => {
    here.form.elements.place.value = `${coords.latitude.toFixed(5)},${coords.longitude.toFixed(5)}`;
    here.textContent = here.dataset.found;
  }, () => { here.textContent = here.dataset.failed; }));
}

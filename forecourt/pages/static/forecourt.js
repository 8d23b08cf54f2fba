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

const offline = document.getElementById("offline");
const notice = document.getElementById("notice");
const away = (gone) => {
  const back = !gone && !offline.hidden;
  offline.hidden = !gone;
  // What could not be fetched meanwhile is fetched now.
  if (back && document.getElementById("live")) htmx.trigger("#live", "changed");
};
document.addEventListener("htmx:error", () => away(true));
document.addEventListener("htmx:response:error", (event) => away(event.detail.ctx.response.status >= 500));
document.addEventListener("htmx:sse:error", (event) => { if (event.detail.status !== 401) away(true); });
document.addEventListener("htmx:sse:after:connection", () => away(false));
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx.response?.status >= 400) return;
  away(false);
  notice.replaceChildren();
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

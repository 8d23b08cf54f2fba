// Draws `<div class="plot" data-plot="ADDRESS" data-...>`: one measured signal and what a healthy car shows. The address
// gives {"minutes", "at", "value", "expected"} over the minutes of driving, where null separates trips, or without
// "minutes" one point per trip over the days, `expected` one per point, and "unit".
"use strict";

const plots = new Map();
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

async function draw(box) {
  if (plots.has(box)) return;
  plots.set(box, null);
  const answer = await fetch(box.dataset.plot);
  if (!answer.ok) { box.textContent = box.dataset.failed; return; }
  const data = await answer.json();
  const days = !data.minutes;
  const unit = data.unit ?? box.dataset.unit;
  if (!data.at.length) { box.textContent = box.dataset.empty; return; }
  const instant = new Intl.DateTimeFormat(document.documentElement.lang, {
    month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
  });
  const said = (u, v) => (v == null ? "–" : `${v.toFixed(2)} ${unit}`);
  const axis = { stroke: style("--faint"), grid: { stroke: style("--line"), width: 1 }, ticks: { stroke: style("--line") } };
  const series = [
    { label: box.dataset.time, value: (u, v, s, i) => (i == null || data.at[i] == null ? "–" : instant.format(data.at[i] * 1000)) },
    { label: box.dataset.measured, stroke: style("--bad"), width: 2, value: said, points: { show: days } },
  ];
  const columns = [days ? data.at : data.minutes, data.value];
  if (data.expected != null) {
    series.push({ label: box.dataset.healthy, stroke: style("--good"), width: 2, dash: [6, 4], value: said, points: { show: false } });
    columns.push(days ? data.expected : data.minutes.map(() => data.expected));
  }
  const plot = new uPlot({
    width: box.clientWidth, height: 190, scales: { x: { time: days } }, series,
    axes: [days ? axis : { ...axis, values: (u, ticks) => ticks.map((t) => `${t} min`) }, { ...axis, size: 44 }],
    cursor: { drag: { x: false, y: false } },
  }, columns, box);
  plots.set(box, plot);
  box.classList.add("drawn");
}

const drawAll = () => {
  for (const box of plots.keys()) if (!box.isConnected) { plots.get(box)?.destroy(); plots.delete(box); }
  for (const box of document.querySelectorAll("[data-plot]")) draw(box);
};
document.addEventListener("htmx:after:swap", drawAll);
window.addEventListener("resize", () => {
  for (const [box, plot] of plots) plot?.setSize({ width: box.clientWidth, height: 190 });
});
drawAll();

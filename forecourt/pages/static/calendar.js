// The calendar's blocks: dragged by the pointer or carried by the arrow keys. Where a block lands is asked of the server;
// a block that may not stay there jumps back, and the notice above the page says why.
"use strict";

const STEP_MIN = 15, COLUMN_MIN = 5;
let carried = null;
let missed = false;

const table = () => document.querySelector("table.calendar");
const status = (words) => { document.getElementById("told").textContent = words; };

// Begins to carry a block: what it is, where it came from, and how wide a quarter of an hour is.
function pick(block) {
  const row = block.closest("tr");
  const names = row.querySelector("th").getBoundingClientRect().width;
  const width = table().getBoundingClientRect().width - names;
  carried = {
    block, row, target: row, kind: row.dataset.bay ? "bay" : "technician", steps: 0,
    stepWidth: (width / Number(table().dataset.columns)) * (STEP_MIN / COLUMN_MIN),
    rows: [...row.parentElement.querySelectorAll(row.dataset.bay ? "tr[data-bay]" : "tr[data-technician]")],
  };
  block.classList.add("moving");
}

function show() {
  const { block, row, target, steps, stepWidth, rows } = carried;
  const down = target.getBoundingClientRect().top - row.getBoundingClientRect().top;
  block.style.transform = `translate(${steps * stepWidth}px, ${down}px)`;
  for (const one of rows) one.classList.toggle("target", one === target);
}

function start() {
  return new Date(Date.parse(carried.block.dataset.start) + carried.steps * STEP_MIN * 60000);
}

function leave() {
  if (!carried) return;
  carried.block.classList.remove("moving");
  carried.block.style.transform = "";
  for (const one of carried.rows) one.classList.remove("target");
  carried = null;
  catchUp();
}

// What changes while a block is carried waits until it has been put down.
document.addEventListener("changed", (event) => {
  if (!carried) return;
  event.stopImmediatePropagation();
  missed = true;
}, true);

// What was asked for before the block was taken would take it out of the hand.
document.addEventListener("htmx:before:swap", (event) => {
  if (!carried) return;
  if (event.detail.ctx.request.method === "GET") {
    event.preventDefault();
    missed = true;
  } else {
    leave();
  }
});

function catchUp() {
  if (missed) htmx.trigger("#live", "changed");
  missed = false;
}

function drop() {
  const { block, row, target, steps, kind } = carried;
  if (!steps && target === row) { leave(); return; }
  const values = {
    csrf: table().dataset.csrf, key: crypto.getRandomValues(new Uint32Array(4)).join("-"), shown: table().dataset.shown,
    visit: block.dataset.visit, start: start().toISOString(), bay: block.dataset.bay, technician: block.dataset.technician,
    [kind]: target.dataset[kind],
  };
  const dropped = carried;
  carried = null;
  for (const one of dropped.rows) one.classList.remove("target");
  // The answer is the day as it now is, or a refusal: then the block goes back to where it came from.
  htmx.ajax("POST", table().dataset.post, { target: "#day", swap: "innerHTML", values }).finally(() => {
    block.classList.remove("moving");
    block.style.transform = "";
    const done = document.getElementById("done");
    status(done?.textContent ?? "");
    done?.remove();
    catchUp();
    document.querySelector(`tr[data-${kind}] [data-visit="${block.dataset.visit}"]`)?.focus();
  });
}

// On a narrow screen the chosen day and the chosen visit, or the day's first one, may lie outside of what is seen.
document.addEventListener("DOMContentLoaded", () => {
  const seen = [".week [aria-current]", ".block.chosen, .block"].map((one) => document.querySelector(one));
  for (const one of seen) {
    const box = one?.closest(".week, .scroll");
    if (box) box.scrollLeft += one.getBoundingClientRect().left - box.getBoundingClientRect().left - box.clientWidth / 2;
  }
});

document.addEventListener("pointerdown", (event) => {
  const block = event.target.closest?.(".block");
  if (!block || event.button !== 0) return;
  leave();
  pick(block);
  carried.from = { x: event.clientX, y: event.clientY };
  block.setPointerCapture(event.pointerId);
});

document.addEventListener("pointermove", (event) => {
  if (!carried?.from) return;
  carried.steps = Math.round((event.clientX - carried.from.x) / carried.stepWidth);
  const middle = event.clientY;
  carried.target = carried.rows.find((one) => {
    const box = one.getBoundingClientRect();
    return middle >= box.top && middle < box.bottom;
  }) ?? carried.row;
  show();
});

document.addEventListener("pointerup", () => { if (carried?.from) drop(); });
document.addEventListener("pointercancel", leave);

document.addEventListener("keydown", (event) => {
  const block = event.target.closest?.(".block");
  if (!block) return;
  if (!carried) {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    pick(block);
    say();
    return;
  }
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (moves) {
    carried.steps += moves[0];
    const at = carried.rows.indexOf(carried.target) + moves[1];
    carried.target = carried.rows[Math.min(Math.max(at, 0), carried.rows.length - 1)];
    show();
    say();
  } else if (event.key === "Enter" || event.key === " ") {
    drop();
  } else if (event.key === "Escape") {
    leave();
    status(table().dataset.stays);
  } else {
    return;
  }
  event.preventDefault();
});

// Says to who does not see it where the carried block would land.
function say() {
  const time = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short", timeZone: table().dataset.zone });
  status(`${table().dataset.picked} ${time.format(start())}, ${carried.target.querySelector("th").textContent}`);
}

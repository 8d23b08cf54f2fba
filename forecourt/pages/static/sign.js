// Draws a signature with finger, pen or mouse, and sends it along with the form as a picture.
"use strict";

(() => {
  const begun = new WeakSet();
  function begin(canvas) {
    if (begun.has(canvas)) return;
    begun.add(canvas);
    const pen = canvas.getContext("2d");
    const field = canvas.parentElement.querySelector("input[type=file]");
    const wipe = () => {
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      field.value = "";
    };
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
    };
    wipe();
    pen.lineWidth = 4;
    pen.lineCap = "round";
    pen.strokeStyle = "#123";
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      pen.beginPath();
      pen.moveTo(...place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      pen.lineTo(...place(event));
      pen.stroke();
    });
    canvas.addEventListener("pointerup", () => canvas.toBlob((picture) => {
      const files = new DataTransfer();
      files.items.add(new File([picture], "signature.png", { type: "image/png" }));
      field.files = files.files;
    }, "image/png"));
    canvas.parentElement.querySelector("[data-wipe]").addEventListener("click", wipe);
  }
  const all = () => document.querySelectorAll("canvas[data-signature]").forEach(begin);
  all();
  document.addEventListener("htmx:after:swap", all);
})();

// What pages do beyond what a server can: pictures as PNG, and forms that ask before they are sent. Everything else works without.
"use strict";

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-png]");
  if (!link) return;
  event.preventDefault();
  const picture = new Image();
  picture.addEventListener("load", () => {
    const canvas = document.createElement("canvas");
    canvas.width = picture.naturalWidth * 2;
    canvas.height = picture.naturalHeight * 2;
    const context = canvas.getContext("2d");
    context.fillStyle = getComputedStyle(document.body).backgroundColor;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((content) => {
      const saved = document.createElement("a");
      saved.href = URL.createObjectURL(content);
      saved.download = link.dataset.png;
      saved.click();
      URL.revokeObjectURL(saved.href);
    });
  });
  picture.src = link.href;
});

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.ask;
  if (question && !window.confirm(question)) event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

// What pages do beyond what a server can: pictures as PNG, forms that ask before they are sent, and forms that come back as they were typed. Everything else works without.
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
  else if (event.target.method === "post") keep(event.target);
});

// What was typed is kept in this tab until a form is taken: one that was refused is filled in again.
const KEPT = "insights-typed";
const who = document.querySelector(".who span").textContent;

// Not what the page itself put there, and no verdict: that is given on what is shown now.
const typed = (form) => [...form.elements].filter((each) => each.name && !["hidden", "radio", "submit"].includes(each.type));

function keep(form) {
  const values = typed(form).map((each) => (each.type === "checkbox" ? each.checked : each.value));
  sessionStorage.setItem(KEPT, JSON.stringify({ who, action: form.getAttribute("action"), values }));
}

function fillIn(kept) {
  const form = [...document.forms].find((each) => each.getAttribute("action") === kept.action);
  if (!form || kept.who !== who) return;
  typed(form).forEach((each, place) => {
    const value = kept.values[place];
    if (value === undefined) return;
    if (each.type === "checkbox") each.checked = value;
    else each.value = value;
    const hidden = value && each.value !== each.defaultValue && each.closest("details");
    if (hidden) hidden.open = true;
  });
}

const kept = sessionStorage.getItem(KEPT);
if (document.querySelector("[data-taken]")) sessionStorage.removeItem(KEPT);
else if (kept) fillIn(JSON.parse(kept));

// Who does not approve says why; a form that the browser itself holds back keeps the verdict too.
document.addEventListener("change", (event) => {
  const why = event.target.name === "verdict" && event.target.form.querySelector("[data-unless]");
  if (why) why.required = event.target.value !== why.dataset.unless;
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

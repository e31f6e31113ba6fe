// Everything works without this file; it only saves a tap or a doubt.

// Buttons that print the page are of no use without a script, so they are hidden until this runs.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// On a slow link a form stays on screen for seconds: show that it left, and that one tap was enough.
document.addEventListener("submit", (event) => {
  if (!event.defaultPrevented && event.target.method === "post") event.target.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy]")) form.removeAttribute("aria-busy");
});

// Where people decide one after the other, a key does what its button does, unless they are writing.
const keys = document.querySelectorAll("[data-keys]");
for (const hint of keys) hint.hidden = !matchMedia("(pointer: fine)").matches;
if (keys.length) document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`)?.click();
});

// A menu closes when one taps elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

// Where there are more tabs than the screen is wide, the present one comes into view.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

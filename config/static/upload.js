// Everything works without this file: it shows how far a file has travelled, which on a slow link is minutes.

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("form.upload")) return;
  event.preventDefault();
  const bar = form.appendChild(document.createElement("progress"));
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (sent) => {
    // When all has left, the server is still reading it: then nobody knows how long.
    if (sent.loaded < sent.total) bar.value = sent.loaded / sent.total;
    else bar.removeAttribute("value");
  });
  request.addEventListener("load", () => {
    if (request.responseURL !== form.action) return location.assign(request.responseURL);
    const answer = new DOMParser().parseFromString(request.responseText, "text/html");
    document.title = answer.title;
    document.body.replaceWith(answer.body);
    scrollTo(0, 0);
  });
  // Without an answer the browser says why, as for any form.
  request.addEventListener("error", () => form.submit());
  request.open("POST", form.action);
  request.send(new FormData(form));
});

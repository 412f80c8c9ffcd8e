// Around the terminal of textual.js, which is loaded before: why a screen ended, and the font first.
"use strict";

const Line = window.WebSocket;
window.WebSocket = class extends Line {
  constructor(...where) {
    super(...where);
    this.addEventListener("close", (event) => {
      const why = event.reason || "The line to kalshi-assistant web broke: is it still running?";
      document.getElementById("why").textContent = why;
    });
  }
};

// Keys go to the terminal without a click. Not before the first picture: a program that has just
// started takes itself for unwatched, and shows no keys until it hears otherwise.
new MutationObserver((_, watching) => {
  if (document.body.classList.contains("-first-byte")) {
    watching.disconnect();
    document.querySelector(".xterm-helper-textarea")?.focus();
  }
}).observe(document.documentElement, { attributeFilter: ["class"], subtree: true });

const start = window.onload;
window.onload = async (event) => {
  document.getElementById("again").addEventListener("click", () => window.location.reload());
  // a terminal measures its letters once, so they have to be there
  await Promise.race([
    document.fonts.load("16px 'Roboto Mono'"),
    new Promise((done) => setTimeout(done, 3000)),
  ]);
  start(event);
};

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

const start = window.onload;
window.onload = async (event) => {
  document.getElementById("again").addEventListener("click", () => window.location.reload());
  // a terminal measures its letters once, so they have to be there
  await Promise.race([
    document.fonts.load("16px 'Roboto Mono'"),
    new Promise((done) => setTimeout(done, 3000)),
  ]);
  start(event);
  document.querySelector(".xterm-helper-textarea")?.focus();
};

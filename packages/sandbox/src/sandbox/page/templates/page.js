"use strict";
// Asks for this page again and takes over the parts that have changed: soon while something runs, else now and then.
(() => {
  const RUNNING = 1000, QUIET = 4000;
  const note = document.getElementById("note");
  const seen = new Map();
  const parts = (root) => [...root.querySelectorAll("[data-part]")];
  const main = () => document.getElementById("main");
  for (const part of parts(document)) seen.set(part.id, part.outerHTML);

  function showEnds(root) {
    for (const log of root.querySelectorAll(".log")) log.scrollTop = log.scrollHeight;
  }

  function say(text) {
    if (note.textContent !== text) note.textContent = text;
    note.hidden = text === "";
  }

  function take(fresh) {
    const ids = (root) => parts(root).map((part) => part.id).join();
    const focused = document.activeElement?.id;
    if (ids(fresh) !== ids(document)) {
      main().replaceChildren(...fresh.getElementById("main").childNodes);
      seen.clear();
      for (const part of parts(document)) seen.set(part.id, part.outerHTML);
    } else {
      for (const part of parts(fresh)) {
        const text = part.outerHTML;
        if (seen.get(part.id) === text) continue;
        seen.set(part.id, text);
        document.getElementById(part.id).replaceWith(part);
        showEnds(part);
      }
    }
    main().toggleAttribute("data-live", fresh.getElementById("main").hasAttribute("data-live"));
    document.title = fresh.title;
    if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({preventScroll: true});
  }

  async function look() {
    const began = performance.now();
    if (!document.hidden) {
      try {
        const answer = await fetch(location.href, {cache: "no-store", redirect: "error"});
        if (answer.status === 401) {
          say("The sandbox no longer knows this browser. Open the page again: python -m sandbox open");
          return;
        }
        if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), "text/html"));
        say("");
      } catch {
        say("The sandbox does not answer. It may have been stopped: python -m sandbox start");
      }
    }
    // A sandbox with a thousand jobs takes its time for a page: most of it stays for the jobs.
    const wait = main().hasAttribute("data-live") ? RUNNING : QUIET;
    setTimeout(look, Math.max(wait, 10 * (performance.now() - began)));
  }

  showEnds(document);
  document.addEventListener("visibilitychange", () => main().toggleAttribute("data-live", true));
  setTimeout(look, RUNNING);
})();

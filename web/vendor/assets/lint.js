// Checks the manifest while it is written, by the same handler that checks it when it is saved.
"use strict";
(() => {
  const form = document.querySelector("form[data-lint]");
  const text = form && form.querySelector("textarea");
  const findings = document.getElementById("findings");
  const scopes = document.getElementById("scopes");
  if (!form || !text || !findings || !scopes) return;

  const element = (name, content, className) => {
    const e = document.createElement(name);
    if (content) e.textContent = content;
    if (className) e.className = className;
    return e;
  };

  const show = (answer) => {
    if (answer.findings.length === 0) {
      findings.replaceChildren(element("p", form.dataset.none));
    } else {
      const list = element("ol", "", "findings");
      for (const f of answer.findings) {
        const bad = f.severity === "error";
        const line = element("p");
        const place = element("strong", form.dataset.place.replace("{line}", f.line).replace("{column}", f.column));
        line.append(place, " ", element("span", bad ? form.dataset.error : form.dataset.warning, bad ? "badge bad" : "badge warn"), " ", f.text, " ");
        if (f.path) line.append(element("code", f.path));
        const item = element("li");
        item.append(line);
        list.append(item);
      }
      findings.replaceChildren(list);
    }
    if (answer.scopes) scopes.replaceChildren(...answer.scopes.map((scope) => {
      const item = element("li");
      item.append(element("code", scope));
      return item;
    }));
  };

  let asked = 0;
  let timer = 0;
  const check = async () => {
    const mine = ++asked;
    const body = new FormData(form);
    body.set("do", "lint");
    body.delete("manifest-file");
    try {
      const answer = await fetch(form.dataset.lint, { method: "POST", body });
      if (mine === asked && answer.ok) show(await answer.json());
    } catch {
      // offline: what was found last stays, and saving checks it again
    }
  };
  const file = form.querySelector("input[type=file]");
  if (file) file.addEventListener("change", async () => {
    const chosen = file.files[0];
    if (!chosen || chosen.size > 262144) return; // too large for a manifest: saving says so
    const raw = await chosen.text();
    if (raw.includes("\u0000") || raw.includes("\ufffd")) return; // no text: saving says so
    text.value = raw;
    file.value = "";
    check();
  });
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(check, 400);
  });
})();

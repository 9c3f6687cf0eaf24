// Suggestions below the search while it is typed: a combobox with a listbox. Without this file the search does the same
// when it is sent.
"use strict";

(() => {
  const input = document.querySelector("form.search input[name=q]");
  if (!input) return;
  const list = document.createElement("ul");
  list.id = "suggestions";
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  list.hidden = true;
  input.after(list);
  const said = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id };
  for (const [name, value] of Object.entries(said)) input.setAttribute(name, value);
  input.autocomplete = "off";
  input.removeAttribute("list"); // the browser's own list is for who has no script
  let chosen = -1;
  let waiting = 0;
  let asked = null;

  const close = () => {
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  // An answer that is still on its way opens nothing again.
  const dismiss = () => {
    clearTimeout(waiting);
    asked?.abort();
    close();
  };

  const choose = (number) => {
    const options = [...list.children];
    chosen = (number + options.length + 1) % (options.length + 1); // the last place is the field itself
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
    if (options[chosen]) {
      input.setAttribute("aria-activedescendant", options[chosen].id);
      options[chosen].scrollIntoView({ block: "nearest" });
    } else {
      chosen = -1;
      input.removeAttribute("aria-activedescendant");
    }
  };

  const show = (suggestions) => {
    close();
    list.replaceChildren(...suggestions.map((one, at) => {
      const option = document.createElement("li");
      option.id = `suggestion-${at}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.address = one.address;
      const about = document.createElement("small");
      about.textContent = ` ${one.sort}, ${one.about}`;
      option.append(one.name, about);
      option.addEventListener("mousedown", (event) => event.preventDefault());
      option.addEventListener("click", () => location.assign(one.address));
      return option;
    }));
    list.hidden = suggestions.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
  };

  const ask = async () => {
    asked?.abort();
    asked = new AbortController();
    const typed = input.value.trim();
    if (typed.length < 2) return close();
    try {
      const answer = await fetch(`/search/suggest?q=${encodeURIComponent(typed)}`, { signal: asked.signal });
      if (answer.ok && document.activeElement === input) show((await answer.json()).suggestions);
    } catch {
      // Typed on, or no answer: the search itself is still there.
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 120);
  });
  input.addEventListener("blur", dismiss);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      dismiss();
    } else if (!list.hidden && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      choose(chosen < 0 ? (event.key === "ArrowDown" ? 0 : list.children.length - 1)
        : chosen + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      location.assign(list.children[chosen].dataset.address);
    }
  });
})();

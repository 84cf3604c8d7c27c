// Comfort for the console; every page works without it.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const search = document.querySelector(".search input");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  }
});

// A filter is applied as soon as it is chosen.
for (const select of document.querySelectorAll("form.filters select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

// What is there to be copied gets a button for it.
for (const text of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "primary";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    text.select();
    await navigator.clipboard.writeText(text.value);
    button.textContent = "Copied";
  });
  text.closest("label").nextElementSibling.prepend(button);
}

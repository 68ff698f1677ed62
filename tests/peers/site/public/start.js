// The start page's only script: copy buttons, and which parts of the demonstration are up.

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    const label = [...button.childNodes];
    button.replaceChildren(button.dataset.done);
    setTimeout(() => button.replaceChildren(...label), 1500);
  });
}

async function look() {
  try {
    const state = await (await fetch("api/status")).json();
    for (const [name, up] of Object.entries(state)) {
      document.getElementById(`up-${name}`).className = `chip ${up ? "good" : "bad"}`;
    }
  } catch {
    for (const chip of document.querySelectorAll(".chip")) chip.className = "chip";
  }
}

look();
setInterval(look, 4000);

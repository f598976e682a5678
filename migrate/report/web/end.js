// Everything is ready: show it.
function startTheme() {
  let kept = "";
  try {
    kept = localStorage.getItem("migrate-theme") || "";
  } catch {
    kept = ""; // a page opened from a file may keep nothing
  }
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const set = (name) => document.documentElement.setAttribute("data-theme", name);
  set(kept || (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", () => set(dark.matches ? "dark" : "light"));
  byId("theme").addEventListener("click", () => {
    const next = document.documentElement.getAttribute("data-theme") === "dark" ? "light" : "dark";
    set(next);
    try {
      localStorage.setItem("migrate-theme", next);
    } catch {
      // it lasts as long as the page does
    }
  });
}

function startPanel() {
  byId("close").addEventListener("click", closePanel);
  document.addEventListener("keydown", (event) => event.key === "Escape" && closePanel());
  const asked = /^#workload=(.+)$/.exec(location.hash);
  const number = asked ? WORKLOADS.findIndex((one) => address(one) === decodeURIComponent(asked[1])) : -1;
  if (number >= 0) openPanel(number);
}

startTheme();
showSummary();
startTable();
startPicture();
showMachines();
showFindings();
byId("machine-search").addEventListener("input", showMachines);
startPanel();
document.documentElement.setAttribute("data-ready", String(Math.round(performance.now())));

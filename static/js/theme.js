/**
 * Changes light, dark and sunlight at once: <form data-module="theme"> whose buttons are named `theme`.
 * The choice is kept in the cookie that the server reads before it draws the next page, so nothing flashes;
 * without this module the form posts and the server sets the same cookie.
 */

const THEMES = ["light", "dark", "sun"];
const YEAR_S = 365 * 24 * 60 * 60;

/** What to keep: one of the themes, or nothing where the system decides. */
export function chosenTheme(value) {
  return THEMES.includes(value) ? value : "";
}

/** The cookie text for a theme; an empty one ends the cookie. */
export function themeCookie(theme, secure) {
  const age = theme ? YEAR_S : 0;
  return `theme=${theme}; path=/; max-age=${age}; SameSite=Lax${secure ? "; Secure" : ""}`;
}

export function start(form) {
  form.addEventListener("submit", (event) => {
    if (!event.submitter) return;
    event.preventDefault();
    const theme = chosenTheme(event.submitter.value);
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    document.cookie = themeCookie(theme, location.protocol === "https:");
    for (const button of form.querySelectorAll("button[name=theme]")) {
      button.setAttribute("aria-pressed", String(chosenTheme(button.value) === theme));
    }
  });
}

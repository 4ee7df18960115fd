/** Closes an open menu by Escape, by a press elsewhere, or when the focus leaves: <details data-module="menu"> */
export function start(menu) {
  const close = () => menu.removeAttribute("open");
  document.addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target)) close();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) close();
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    close();
    menu.querySelector("summary").focus();
  });
}

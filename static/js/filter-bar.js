/**
 * Keeps a bar of filters in one row: <form class="filters filters-bar" data-module="filter-bar">. Selects without room
 * stand in the bar's own <details>, whose button says how many of them narrow. Without this module the bar
 * scrolls sideways.
 */

/** How many of `widths` stay in `room`; where not all do, a button as wide as `more` takes its place too. */
export function fitting(widths, room, more) {
  const total = (count) => widths.slice(0, count).reduce((sum, width) => sum + width, 0);
  if (total(widths.length) <= room) return widths.length;
  const counts = widths.map((_width, count) => count).reverse();
  return counts.find((count) => total(count) + more <= room) ?? 0;
}

export function start(bar) {
  const more = bar.querySelector("details");
  const box = more.querySelector(".menu-box");
  const selects = [...bar.querySelectorAll(":scope > .select")];
  more.hidden = false;
  const gap = parseFloat(getComputedStyle(bar).columnGap);
  const wide = (one) => one.offsetWidth + gap;
  const widths = selects.map(wide);
  const button = wide(more);
  const others = [...bar.children].filter((one) => one !== more && !selects.includes(one) && one.offsetWidth);
  const taken = others.reduce((sum, one) => sum + wide(one), -gap);

  const fit = () => {
    const { paddingLeft, paddingRight } = getComputedStyle(bar);
    const room = bar.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight) - taken;
    const count = fitting(widths, room, button);
    more.before(...selects.slice(0, count));
    box.replaceChildren(...selects.slice(count));
    more.hidden = count === selects.length;
    say();
  };
  const say = () => {
    const narrowing = [...box.children].filter((select) => select.value !== (select.dataset.usual ?? ""));
    more.querySelector(".n").textContent = narrowing.length || "";
  };
  bar.classList.add("is-fitted");
  bar.addEventListener("change", say);
  new ResizeObserver(fit).observe(bar);
}

// What a screen reader is told of Starlight's own parts, where axe finds fault with it.

// The search button is called what it shows; where it shows a picture alone, its label names it.
const search = document.querySelector('button[data-open-modal]');
const label = search?.getAttribute('aria-label');
const nameSearch = () => {
  if (search?.innerText.trim()) search.removeAttribute('aria-label');
  else search?.setAttribute('aria-label', label);
};
nameSearch();
addEventListener('load', nameSearch);
addEventListener('resize', nameSearch);

// A block of code that can be scrolled is a group and no landmark: a page has many of them, all without a name.
const group = (pre) => {
  if (pre.getAttribute('role') === 'region') pre.setAttribute('role', 'group');
};
for (const pre of document.querySelectorAll('pre')) {
  group(pre);
  // The keyboard reaches it before Starlight's own script has run, too.
  pre.tabIndex = 0;
}
new MutationObserver((changes) => {
  for (const { target } of changes) {
    if (target.tagName !== 'PRE') continue;
    group(target);
    if (!target.hasAttribute('tabindex')) target.tabIndex = 0;
  }
}).observe(document.body, { subtree: true, attributes: true, attributeFilter: ['role', 'tabindex'] });

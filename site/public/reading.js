// What a screen reader is told of Starlight's own parts, where axe finds fault with it.

// The search button is called what it shows, with its keys.
const search = document.querySelector('button[data-open-modal]');
const nameSearch = () =>
  search?.setAttribute('aria-label', search.innerText.replace(/\s+/g, ' ').trim() || search.ariaLabel);
nameSearch();
addEventListener('load', nameSearch);

// A block of code that can be scrolled is a group and no landmark: a page has many of them, all without a name.
const group = (pre) => {
  if (pre.getAttribute('role') === 'region') pre.setAttribute('role', 'group');
};
for (const pre of document.querySelectorAll('pre')) group(pre);
new MutationObserver((changes) => {
  for (const { target } of changes) if (target.tagName === 'PRE') group(target);
}).observe(document.body, { subtree: true, attributes: true, attributeFilter: ['role'] });

// The filters over the report on TensorFlow.js' gradients. What is chosen stands in the address, so that a link shows the same.
const isChinese = document.documentElement.lang.startsWith('zh');
const words = isChinese
  ? {
      filter: '筛选',
      op: '算子',
      kind: '错误的种类',
      place: '出错的地方',
      direction: '方向',
      all: '全部',
      faulty: '只看有错误的算子',
      clear: '清除',
      kinds: {
        formula: '公式有误',
        kernel: '内核有误',
        'kernel-missing': '缺少内核',
        'no-gradient': '没有梯度',
        throws: '抛出错误',
        crashes: '崩溃',
        leak: '泄漏',
      },
      directions: { forward: '函数值', backward: '梯度', 'second-order': '二阶梯度' },
      places: { core: '核心（公式）' },
      count: (ops, findings) => `${ops} 个算子，${findings} 条发现`,
    }
  : {
      filter: 'Filter',
      op: 'Op',
      kind: 'Kind of fault',
      place: 'Where',
      direction: 'Direction',
      all: 'all',
      faulty: 'only ops with findings',
      clear: 'Clear',
      kinds: {
        formula: 'wrong formula',
        kernel: 'wrong kernel',
        'kernel-missing': 'kernel missing',
        'no-gradient': 'no gradient',
        throws: 'throws',
        crashes: 'crashes',
      },
      directions: { forward: 'values', backward: 'gradient', 'second-order': 'gradient of the gradient' },
      places: { core: 'core (formula)' },
      count: (ops, findings) => `${ops} ops, ${findings} entries`,
    };

/** A finding's address: op/kind/where/direction/more. */
const partsOf = (id) => {
  const [op, kind, place, direction] = id.split('/');
  return { op, kind, place, direction };
};
const content = document.querySelector('.sl-markdown-content');
const details = [...content.querySelectorAll('details[id*="/"]')].map((element) => ({
  element,
  ...partsOf(element.id),
}));
const linksIn = (row) =>
  [...row.querySelectorAll('a[href^="#"]')]
    .map((a) => decodeURIComponent(a.getAttribute('href').slice(1)))
    .filter((id) => id.includes('/'))
    .map(partsOf);
const opTables = [...content.querySelectorAll('table')].filter((table) => table.rows[0]?.cells.length >= 7);
const rows = opTables.flatMap((table) =>
  [...table.tBodies[0].rows].map((element) => ({
    element,
    op: element.cells[0].textContent.trim(),
    findings: linksIn(element),
  })),
);
const findingRows = [...content.querySelectorAll('tbody tr')]
  .filter((row) => !opTables.includes(row.closest('table')) && row.cells[0].querySelector('a[href*="/"]'))
  .map((element) => ({ element, ...linksIn(element)[0] }));

const form = document.createElement('form');
form.setAttribute('role', 'search');
form.setAttribute('aria-label', words.filter);
const field = (label, control) => {
  const wrapper = document.createElement('label');
  wrapper.append(label, control);
  return wrapper;
};
const input = Object.assign(document.createElement('input'), {
  type: 'search',
  name: 'op',
  autocomplete: 'off',
});
const choice = (name, names, labels = {}) => {
  const select = Object.assign(document.createElement('select'), { name });
  select.append(
    new Option(words.all, ''),
    ...names.map((value) => new Option(labels[value] ?? value, value)),
  );
  return select;
};
const distinct = (name) => [...new Set(details.map((one) => one[name]))].filter(Boolean).sort();
const kind = choice('kind', distinct('kind'), words.kinds);
const place = choice('where', distinct('place'), words.places);
const direction = choice(
  'direction',
  distinct('direction').filter((one) => one in words.directions),
  words.directions,
);
const faulty = Object.assign(document.createElement('input'), { type: 'checkbox', name: 'faulty' });
const clear = Object.assign(document.createElement('button'), { type: 'reset', textContent: words.clear });
const count = document.createElement('p');
count.setAttribute('role', 'status');
const only = field('', faulty);
only.append(words.faulty);
form.append(
  field(words.op, input),
  field(words.kind, kind),
  field(words.place, place),
  field(words.direction, direction),
  only,
  clear,
  count,
);
document.getElementById('gradient-filter').append(form);

const asTyped = (text) => text.toLowerCase().replaceAll(/[\s-]+/g, '');
const matches = (one) =>
  (!kind.value || one.kind === kind.value) &&
  (!place.value || one.place === place.value) &&
  (!direction.value || one.direction === direction.value);

function apply() {
  const op = asTyped(input.value);
  const isNarrow = kind.value || place.value || direction.value;
  const hasOp = (name) => asTyped(name).includes(op);
  let ops = 0;
  for (const row of rows) {
    const fits = hasOp(row.op) && (!(isNarrow || faulty.checked) || row.findings.some(matches));
    row.element.hidden = !fits;
    ops += fits ? 1 : 0;
  }
  let findings = 0;
  for (const one of details) {
    one.element.hidden = !(hasOp(one.op) && matches(one));
    findings += one.element.hidden ? 0 : 1;
  }
  for (const one of findingRows) one.element.hidden = !(hasOp(one.op) && matches(one));
  // A heading over nothing goes too, with what stands below it.
  const isActive = op !== '' || isNarrow || faulty.checked;
  for (const heading of content.querySelectorAll('h3')) {
    const block = heading.closest('.sl-heading-wrapper') ?? heading;
    const section = [];
    for (
      let next = block.nextElementSibling;
      next && !next.matches('h2, h3, .sl-heading-wrapper, script');
      next = next.nextElementSibling
    )
      section.push(next);
    const entries = section.flatMap((element) =>
      element.matches('details') ? [element] : [...element.querySelectorAll('tbody tr')],
    );
    const isEmpty = isActive && entries.length > 0 && entries.every(({ hidden }) => hidden);
    block.hidden = isEmpty;
    for (const element of section) if (!element.matches('details')) element.hidden = isEmpty;
  }
  count.textContent = words.count(ops, findings);
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ''));
  history.replaceState(null, '', `${location.pathname}${query.size > 0 ? `?${query}` : ''}${location.hash}`);
}

const given = new URLSearchParams(location.search);
input.value = given.get('op') ?? '';
for (const select of [kind, place, direction])
  if ([...select.options].some(({ value }) => value === given.get(select.name)))
    select.value = given.get(select.name);
faulty.checked = given.has('faulty');
form.addEventListener('input', apply);
form.addEventListener('submit', (event) => event.preventDefault());
form.addEventListener('reset', () => setTimeout(apply));
apply();

/** A link to a finding opens it. */
function open() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.tagName !== 'DETAILS') return;
  target.open = true;
  target.scrollIntoView();
}
addEventListener('hashchange', open);
open();

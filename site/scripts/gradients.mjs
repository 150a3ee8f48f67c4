/**
 * The sweep's report as a page with filters: over the tables op by op, the causes and the findings. The report itself stays as
 * `gradparity sweep --markdown` wrote it, so that the page says what the report says; Chinese are what surrounds it and its headings.
 */
const chinese = {
  Causes: '原因',
  'Op by op': '逐个算子',
  'Findings, cause by cause': '按原因列出的错误',
  Suspicions: '疑点',
  Limitations: '限制',
  'Conventions at kinks': '折点处的约定',
};

export function gradientsPage(text, pages, page) {
  const isChinese = page.locale === 'zh-CN';
  const [intro, rest] = split(
    text.replace(/^# .+$/m, '').replace(/^<!-- prettier-ignore-(start|end) -->$/gm, ''),
    /^<h2 id="causes">/m,
  );
  // The causes' numbers have no heading of their own in the report.
  const causes = (text) => text.replace(/^\|\s*\| cause \|/m, '| # | cause |');
  const version = /TensorFlow\.js ([\d.]+)/.exec(text)[1];
  const count = /^(\d+) of \d+ cases judged: (\d+) findings/m.exec(text);
  if (count === null) {
    pages.flaws.push(`${page.source} does not say how many cases were judged, which the Chinese page tells.`);
    return '';
  }
  const head = isChinese
    ? `下面是 \`gradparity sweep\` 对 TensorFlow.js ${version} 的完整报告：检查了 ${Number(count[1]).toLocaleString('en')} 个用例，发现 ${count[2]} 处错误。每个算子以多种形状和选项调用，函数值与 Python 版 TensorFlow 比较；梯度公式以双精度计算，与算子本身的数值微分比较，梯度的梯度同样如此；最后在每个后端上以 float32 运行内核。只有得到第二个来源印证的才列为错误，其余是疑点。每一处都附有几行可以复现的程序。判断的方法见[扫描](sweep.md)。报告原文为英文。`
    : intro.replace(/## Contents[\s\S]*$/, '');
  const body = isChinese
    ? rest.replace(/(<h2 id="[^"]+">)([^<]+)/g, (_, tag, heading) => tag + (chinese[heading] ?? heading))
    : rest;
  // Headings as Markdown would have them, so that the page's own table of contents lists them.
  const script = `<script type="module" src="${pages.urlOf('', 'en')}gradients.js"></script>`;
  return (
    pages.frontMatter(
      { ...page, title: isChinese ? `TensorFlow.js ${version} 的梯度` : page.title },
      { tableOfContents: false, sidebar: { label: isChinese ? '逐个算子的结果' : 'Op by op' } },
    ) +
    `${pages.links(head, { ...page, source: isChinese ? 'docs/zh-CN/tfjs-gradients.md' : page.source })}\n\n<div id="gradient-filter" data-pagefind-ignore></div>\n\n` +
    causes(body) +
    `\n\n${script}\n`
  );
}

function split(text, at) {
  const index = text.search(at);
  return [text.slice(0, index), text.slice(index)];
}

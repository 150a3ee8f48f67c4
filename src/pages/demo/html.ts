/** The demo's page without what its script puts in. */
import { escapeHtml as escape } from '../../escape-html.js';
import { PAD } from './drawing.js';
import texts from './texts.json' with { type: 'json' };

/** The files of the demo's folder, in the order in which the page asks for them. */
export const DEMO_FILES = ['index.html', 'model.js', 'demo.js'] as const;

/** An element whose text the script sets in the reader's language; English where there is no script. */
const say = (key: keyof (typeof texts)['en']): string => `data-text="${key}">${escape(texts.en[key])}`;

/** The page, in English until its script has looked at the reader's languages. */
export const demoPage = (): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>gradparity: ${escape(texts.en.title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<header>
<h1 ${say('title')}</h1>
<label class="language"><span lang="en">Language</span> / <span lang="zh-CN">语言</span>
<select id="language">${Object.entries(texts)
  .map(([code, { language }]) => `<option value="${code}" lang="${code}">${language}</option>`)
  .join('')}</select></label>
<p id="intro"></p>
<noscript><p class="error" role="alert">This page needs JavaScript. 本页面需要 JavaScript。</p></noscript>
<p id="failure" class="error" role="alert" hidden></p>
</header>
<main>
<section class="draw" aria-labelledby="draw-title">
<h2 id="draw-title" ${say('pad')}</h2>
<div class="ink"><canvas id="pad" width="${PAD}" height="${PAD}" tabindex="0" role="application" aria-labelledby="draw-title" aria-describedby="pad-help"></canvas></div>
<p id="pad-help" class="help" ${say('padHelp')}</p>
<div class="tools">
<button type="button" id="undo" ${say('undo')}</button>
<button type="button" id="clear" ${say('clear')}</button>
<label><span ${say('sample')}</span> <select id="sample"></select></label>
<label class="file"><span ${say('open')}</span> <input type="file" id="file" accept="image/*"></label>
</div>
<p id="image-error" class="error" role="alert"></p>
<p id="pen" class="visually-hidden" role="status"></p>
</section>
<section class="read" aria-labelledby="read-title">
<h2 id="read-title" ${say('probabilities')}</h2>
<p id="answer" class="answer"></p>
<p id="spoken" class="visually-hidden" role="status"></p>
<table id="probabilities"><thead><tr><th scope="col" ${say('class')}</th><th scope="col" ${say('probability')}</th></tr></thead><tbody></tbody></table>
<figure class="seen"><div class="ink"><canvas id="seen" role="img"></canvas></div><figcaption ${say('seen')}</figcaption></figure>
</section>
<section aria-labelledby="units-title">
<h2 id="units-title" ${say('units')}</h2>
<p class="help" ${say('unitsHelp')}</p>
<fieldset><legend class="visually-hidden" ${say('units')}</legend><div id="units"></div></fieldset>
<p id="units-shown" class="help" hidden></p>
</section>
<section aria-labelledby="gradients-title">
<h2 id="gradients-title" ${say('gradients')}</h2>
<p class="help"><span ${say('gradientsHelp')}</span> <label><span ${say('target')}</span> <select id="target"></select></label></p>
<p id="parity"></p>
<div class="maps" id="maps"></div>
<div class="scroll" tabindex="0" role="group" aria-labelledby="gradients-title"><table id="gradients"><thead><tr>
<th scope="col" ${say('parameter')}</th><th scope="col" ${say('entries')}</th><th scope="col" ${say('largest')}</th><th scope="col" ${say('largestDifference')}</th><th scope="col" ${say('relative')}</th>
</tr></thead><tbody></tbody></table></div>
</section>
</main>
<script src="model.js"></script>
<script src="demo.js"></script>
</body>
</html>
`;

const style = `
:root { color-scheme: light dark; --ground: #fff; --text: #1b1b1f; --soft: #53535c; --line: #8a8a94; --accent: #0059a8; --bar: #0072b2; --error: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ground: #16161a; --text: #ececf1; --soft: #b4b4bf; --line: #74747f; --accent: #8cc7ff; --bar: #56b4e9; --error: #ffb4ab; } }
* { box-sizing: border-box; }
body { background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, 'Segoe UI', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 0 0 .5rem; }
header { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: .25rem 1rem; } header p { flex-basis: 100%; margin: .25rem 0; }
main { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1.5rem; } main > section:nth-child(n+3) { grid-column: 1 / -1; }
@media (max-width: 40rem) { main { grid-template-columns: minmax(0, 1fr); } main > section { grid-column: 1 / -1; } }
.help { color: var(--soft); font-size: .9rem; } .error { color: var(--error); font-weight: 600; }
.ink { display: inline-block; border: 1px solid var(--line); border-radius: 6px; overflow: hidden; line-height: 0; max-width: 100%; }
@media (prefers-color-scheme: dark) { .ink canvas { filter: invert(1); } }
#pad { touch-action: none; cursor: crosshair; background: #fff; width: ${PAD}px; max-width: 100%; height: auto; aspect-ratio: 1; }
#seen { width: 112px; height: 112px; image-rendering: pixelated; background: #fff; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; } .ink:focus-within { outline: 3px solid var(--accent); outline-offset: 2px; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; }
button, select, input { font: inherit; color: inherit; min-height: 2.5rem; } button, select { background: var(--ground); border: 1px solid var(--line); border-radius: 6px; padding: .25rem .75rem; }
.answer { font-size: 1.15rem; font-weight: 600; margin: 0 0 .5rem; min-height: 1.75rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } th, td { padding: .1rem .5rem; text-align: left; } thead th { color: var(--soft); font-weight: 400; font-size: .9rem; }
#probabilities { width: 100%; } #probabilities thead th { white-space: nowrap; } #probabilities th[scope=row] { width: 1%; white-space: nowrap; max-width: 12rem; overflow: hidden; text-overflow: ellipsis; } #probabilities tr.best th, #probabilities tr.best td { font-weight: 700; }
.bar { display: flex; gap: .5rem; align-items: center; } .bar i { display: block; flex: none; height: .9rem; background: var(--bar); border-radius: 2px; width: calc(var(--share) * 70%); }
figure { margin: .75rem 0 0; } figcaption { color: var(--soft); font-size: .9rem; }
fieldset { border: 0; margin: 0; padding: 0; min-width: 0; }
#units { display: grid; grid-template-columns: repeat(auto-fill, minmax(3.75rem, 1fr)); gap: .4rem; }
.unit { position: relative; display: block; cursor: pointer; border: 2px solid transparent; border-radius: 6px; padding: 2px; } .unit:has(:checked) { border-color: var(--accent); } .unit:focus-within { outline: 3px solid var(--accent); }
.unit input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: pointer; }
.unit canvas { display: block; width: 100%; image-rendering: pixelated; border: 1px solid var(--line); } .unit i { display: block; height: 5px; background: var(--bar); width: calc(var(--share) * 100%); margin-top: 2px; } .unit i.negative { background: #d55e00; }
.maps { display: flex; flex-wrap: wrap; gap: 1rem; margin: .5rem 0; } .maps figure { margin: 0; } .maps canvas { display: block; width: 168px; height: 168px; image-rendering: pixelated; border: 1px solid var(--line); }
.scroll { overflow-x: auto; } #gradients td { text-align: right; } #gradients thead th { text-align: right; } #gradients th:first-child { text-align: left; }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`;

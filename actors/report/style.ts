/** The style sheet of the report's page: light and dark, wide and narrow, screen and paper. */
export const STYLE = `
:root {
  --ground: #ffffff; --text: #1b2126; --muted: #5a646d; --rule: #dde2e6; --track: #eef1f3;
  --kept: #1d6b58; --known: #8793a0; --refused: #b4432f; --waits: #b9820f; --link: #14594a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181b; --text: #e5e9ec; --muted: #a0abb5; --rule: #30383f; --track: #222a30;
    --kept: #55b196; --known: #75828f; --refused: #e07a64; --waits: #d8a83f; --link: #7fd0b7;
  }
}
@media print {
  :root {
    --ground: #ffffff; --text: #000000; --muted: #444444; --rule: #cccccc; --track: #eeeeee;
    --kept: #1d6b58; --known: #8793a0; --refused: #b4432f; --waits: #b9820f; --link: #000000;
    color-scheme: light;
  }
}
* { box-sizing: border-box; }
html { background: var(--ground); color: var(--text); -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2.5rem clamp(1rem, 4vw, 3rem) 4rem; max-width: 76rem;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere;
}
h1 { margin: 0; font-size: 2rem; line-height: 1.2; letter-spacing: -0.015em; }
h2 { margin: 0 0 1rem; font-size: 1.3rem; line-height: 1.3; letter-spacing: -0.01em; }
p, ul { margin: 0 0 1rem; max-width: 46rem; }
ul { padding-left: 1.2rem; }
.lead { margin-top: 0.4rem; color: var(--muted); }
a { color: var(--link); text-underline-offset: 0.2em; }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--kept); outline-offset: 2px; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; max-width: none; margin: 0; padding: 0; list-style: none; font-size: 0.9rem; }
nav a { text-decoration-color: var(--rule); }
section { margin-top: 2.5rem; padding-top: 1.6rem; border-top: 1px solid var(--rule); }
code { font: 0.86em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--rule); color: var(--muted); font-size: 0.85rem; }

.figures { display: flex; flex-wrap: wrap; gap: 1rem 3rem; margin: 0 0 1.4rem; }
.figures div { display: flex; flex-direction: column-reverse; }
.figures dt { color: var(--muted); font-size: 0.85rem; }
.figures dd { margin: 0; font-size: 2rem; font-weight: 600; line-height: 1.15; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }

.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 2rem 3rem; margin: 0 0 2rem; align-items: start; }
.plots:has(> :only-child) { max-width: 46rem; }
figure { margin: 0; min-width: 0; }
figcaption, caption { margin: 0 0 0.6rem; font-size: 0.9rem; font-weight: 600; text-align: left; }
svg { display: block; max-width: 100%; overflow: hidden; }
svg text { font-size: 13px; fill: var(--text); font-variant-numeric: tabular-nums; }
svg text.strong { font-weight: 600; }
svg text.muted { fill: var(--muted); }
svg text.small { font-size: 11px; }
svg text.number { text-anchor: end; }
svg text.middle { text-anchor: middle; }
.track { fill: var(--track); }
.axis { fill: var(--rule); }
.kept { fill: var(--kept); }
.known { fill: var(--known); }
.refused { fill: var(--refused); }
.waits { fill: var(--waits); }
.grid { stroke: var(--rule); stroke-width: 1; stroke-dasharray: 3 3; }
.course { fill: none; stroke: var(--kept); stroke-width: 2; }

table { width: 100%; margin: 0 0 2rem; border-collapse: collapse; font-size: 0.9rem; line-height: 1.45; }
th, td { padding: 0.42rem 1.1rem 0.42rem 0; border-bottom: 1px solid var(--rule); text-align: left; vertical-align: baseline; overflow-wrap: anywhere; min-width: 6.5rem; }
th { color: var(--muted); font-weight: 500; font-size: 0.82rem; overflow-wrap: normal; vertical-align: bottom; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; }
th.number, td.number { min-width: 0; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
td.number, td.time { white-space: nowrap; }
table.close { width: auto; min-width: min(100%, 24rem); }
table.close th, table.close td { padding-right: 2.2rem; }
table.close th:last-child, table.close td:last-child { padding-right: 0; }
th.long, td.long { min-width: 11rem; }
details { margin: 0.4rem 0 1rem; }
details table { margin: 0.6rem 0 0; }
details caption { display: none; }
figure details table { width: auto; min-width: min(100%, 20rem); }
summary { color: var(--muted); cursor: pointer; font-size: 0.85rem; width: max-content; max-width: 100%; }

@media screen and (max-width: 46rem) {
  body { padding-top: 1.5rem; }
  h1 { font-size: 1.6rem; }
  .figures { gap: 0.8rem 2rem; }
  .figures dd { font-size: 1.6rem; }
  table.cards, table.cards > tbody, table.cards > tbody > tr, table.cards > tbody > tr > td, table.cards > caption { display: block; }
  table.cards > thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table.cards > tbody > tr { padding: 0.6rem 0; border-bottom: 1px solid var(--rule); }
  table.cards > tbody > tr > td { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); gap: 0 0.8rem; padding: 0.12rem 0; border: 0; text-align: left; white-space: normal; }
  table.cards > tbody > tr > td::before { content: attr(data-column); color: var(--muted); font-size: 0.82rem; }
  table.cards > tbody > tr > td:first-child { font-weight: 600; }
  table.cards > tbody > tr > td:empty { display: none; }
}
@media print {
  @page { margin: 16mm 14mm; }
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  nav, summary { display: none; }
  details caption { display: table-caption; }
  details::details-content { content-visibility: visible; block-size: auto; }
  .plots details { display: none; }
  section { break-inside: auto; margin-top: 1.4rem; }
  h2, figcaption, caption, thead { break-after: avoid; }
  figure, tr { break-inside: avoid; }
  table { font-size: 8.5pt; }
  th { font-size: 7.5pt; }
  th, td { min-width: 3.5rem; padding-right: 0.7rem; }
  th.long, td.long { min-width: 7rem; }
  svg * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;

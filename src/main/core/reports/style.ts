// How a report looks, on a screen of either theme and on paper.
export const reportStyle = `
:root { color-scheme: light dark; --text: #1b1f24; --faint: #5b6470; --line: #d9dee4; --soft: #f4f6f8; --back: #fff; --accent: #1f5fbf; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e8ec; --faint: #9aa4b0; --line: #333a43; --soft: #1e242b; --back: #14181d; --accent: #79b0ff; } }
* { box-sizing: border-box; }
body, .report-body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.55 system-ui, "Segoe UI", Roboto, sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; } h2 { font-size: 18px; margin: 36px 0 8px; } h3 { font-size: 15px; margin: 20px 0 4px; }
p { margin: 0 0 10px; } .faint, figcaption { color: var(--faint); font-size: 13px; } .note { white-space: pre-wrap; }
.warn { border-left: 3px solid #b7791f; padding-left: 10px; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; width: 100%; margin: 8px 0; }
th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; } th { color: var(--faint); font-weight: 600; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } td:last-child, th:last-child { padding-right: 0; }
figure { margin: 12px 0; } svg { width: 100%; height: auto; display: block; }
.grid line { stroke: var(--line); stroke-width: 1; } .ticks text, .axis, .mark { fill: var(--faint); font-size: 12px; } .mark { fill: var(--text); paint-order: stroke; stroke: var(--back); stroke-width: 3px; }
.band { fill: var(--accent); opacity: .14; } .hollow { fill: var(--back); }
pre { background: var(--soft); padding: 10px 12px; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; font: 12px/1.5 ui-monospace, Consolas, monospace; border-radius: 6px; }
.formula { font-size: 17px; } summary { cursor: pointer; }
@media print { :root { --text: #000; --faint: #444; --line: #ccc; --soft: #f4f4f4; --back: #fff; --accent: #1f5fbf; color-scheme: light; } main { padding: 0; max-width: none; } figure, tr, pre { break-inside: avoid; } h2 { break-after: avoid; } }
`

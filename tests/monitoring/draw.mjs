// Panels as a picture: a row of the dashboard, from what Prometheus knows, as SVG. Much less than Grafana, but the same data.
const [width, height, gap, columns] = [310, 176, 10, 3];
const [ink, faint, grid, paper, alarm] = ['#24292f', '#57606a', '#e4e8ec', '#ffffff', '#cf222e'];
const colours = ['#1f77b4', '#d9730d', '#2e8b57', '#8a4fbe', '#b8860b', '#17a2b8', '#c2185b', '#6b7280'];
const plot = { left: 46, top: 40, right: 300, bottom: 122 };
const linesMax = 6;

// A colour with three quarters of white in it.
const pale = (colour) => `#${colour.match(/\w\w/g).map((part) => Math.round(255 - (255 - parseInt(part, 16)) / 4).toString(16)).join('')}`;
const escape = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
function text(x, y, words, { size = 11, colour = ink, anchor = 'start', weight = 400 } = {}) {
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${colour}" text-anchor="${anchor}" font-weight="${weight}">${escape(words)}</text>`;
}

const short = (value) => Number(value.toPrecision(3)).toString();
function scaled(value, base, names) {
  let at = 0;
  while (Math.abs(value) >= base && at < names.length - 1) [value, at] = [value / base, at + 1];
  return short(value) + names[at];
}
export function amount(value, unit) {
  if (unit === 'percentunit') return `${short(value * 100)} %`;
  if (unit === 'bytes' || unit === 'Bps') return scaled(value, 1024, [' B', ' KiB', ' MiB', ' GiB']) + (unit === 'Bps' ? '/s' : '');
  if (unit === 's') {
    if (value >= 86_400) return `${short(value / 86_400)} d`;
    if (value >= 1 || value === 0) return `${short(value)} s`;
    return value >= 0.001 ? `${short(value * 1e3)} ms` : `${short(value * 1e6)} µs`;
  }
  return scaled(value, 1000, ['', 'k', 'M']) + (unit === 'ops' ? '/s' : '');
}

// Grafana's legend: {{label}} by the label's value. The instance says no more than the pod here.
const named = (legend, metric) => legend.replace('{{instance}}', '').replace(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? '').replace(/ +/g, ' ').trim();

// [{ name, values: [[time, value]] }] with something in it, the largest first.
async function linesOf(panel, world, ask) {
  const lines = [];
  for (const { expr, legendFormat } of panel.targets) {
    for (const { metric, values } of await ask(expr)) {
      const numbers = values.map(([time, value]) => [time, Number(value)]).filter(([, value]) => Number.isFinite(value));
      if (numbers.length > 0) lines.push({ name: named(legendFormat, metric), values: numbers, max: Math.max(...numbers.map(([, value]) => value)) });
    }
  }
  return lines.sort((a, b) => b.max - a.max);
}

// Sums lines upon each other, as Grafana stacks them.
function stack(lines) {
  const below = new Map();
  return lines.map((line) => ({
    ...line,
    values: line.values.map(([time, value]) => {
      below.set(time, (below.get(time) ?? 0) + value);
      return [time, below.get(time)];
    }),
  }));
}

function chart(panel, lines, span) {
  const { unit, thresholds, custom } = panel.fieldConfig.defaults;
  const isStacked = custom.stacking.mode === 'normal';
  const shown = lines.filter((line, at) => at < linesMax && (line.max > 0 || at === 0));
  const drawn = isStacked ? stack(shown) : shown;
  const line = custom.thresholdsStyle.mode === 'off' ? null : thresholds.steps[1].value;
  const highest = Math.max(1e-9, ...drawn.flatMap((one) => one.values.map(([, value]) => value)));
  const isLineNear = line !== null && line < highest * 4 && line > highest / 50;
  const top = Math.max(highest, isLineNear ? line : 0) * 1.08;
  const x = (time) => Math.round((plot.left + ((time - span.start) / (span.end - span.start)) * (plot.right - plot.left)) * 2) / 2;
  const y = (value) => Math.round((plot.bottom - (Math.min(value, top) / top) * (plot.bottom - plot.top)) * 2) / 2;
  const parts = [0, 0.5, 1].flatMap((share) => {
    const value = highest * share;
    return [
      `<path d="M${plot.left} ${y(value)}H${plot.right}" stroke="${grid}"/>`,
      text(plot.left - 5, y(value) + 3.5, amount(value, unit), { size: 9, colour: faint, anchor: 'end' }),
    ];
  });
  if (isLineNear) parts.push(`<path d="M${plot.left} ${y(line)}H${plot.right}" stroke="${alarm}" stroke-dasharray="4 3"/>`);
  drawn.map((one, at) => ({ ...one, colour: colours[at % colours.length] })).reverse().forEach(({ values, colour }) => {
    // A pause of more than some steps is a gap: the node was not there.
    let before = -Infinity;
    const path = values.map(([time, value]) => {
      const word = time - before > span.step * 3 ? 'M' : 'L';
      before = time;
      return `${word}${x(time)} ${y(value)}`;
    }).join('');
    // Each covers those above it, down to the ground.
    if (isStacked) parts.push(`<path d="${path}L${x(values.at(-1)[0])} ${plot.bottom}L${x(values[0][0])} ${plot.bottom}Z" fill="${pale(colour)}"/>`);
    parts.push(`<path d="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>`);
  });
  parts.push(text(plot.left, plot.bottom + 12, '0 s', { size: 9, colour: faint }), text(plot.right, plot.bottom + 12, `${Math.round(span.end - span.start)} s`, { size: 9, colour: faint, anchor: 'end' }));
  return [...parts, ...legend(shown, lines.length - shown.length)];
}

function legend(shown, more) {
  const parts = [];
  shown.forEach(({ name }, at) => {
    const [x, y] = [12 + (at % 2) * 148, plot.bottom + 25 + Math.floor(at / 2) * 12];
    parts.push(`<rect x="${x}" y="${y - 7}" width="8" height="8" fill="${colours[at % colours.length]}"/>`, text(x + 12, y, name.slice(0, 26), { size: 9.5 }));
  });
  if (more > 0 && shown.length === linesMax) parts.push(text(width - 10, 34, `and ${more} more`, { size: 9, colour: faint, anchor: 'end' }));
  return parts;
}

function stat(panel, lines) {
  const { unit, thresholds } = panel.fieldConfig.defaults;
  const value = lines[0]?.values.at(-1)[1] ?? 0;
  const isBad = thresholds.steps.slice(1).some((step) => step.color === 'red' && value >= step.value);
  return [text(12, 54, amount(value, unit), { size: 26, weight: 600, colour: isBad ? alarm : ink })];
}

function table(rows) {
  return rows.slice(0, 9).map(({ alertname, pod, severity }, at) => text(12, 48 + at * 13, `${alertname}  ${pod ?? ''}  ${severity}`, { size: 9.5, colour: severity === 'critical' ? alarm : ink }));
}

async function one(panel, world, variables, span, filled) {
  const ask = (expr) => world.prometheus.range(filled(expr, variables), span.start, span.step, span.end);
  if (panel.type === 'table') return table((await ask(panel.targets[0].expr)).map((each) => each.metric));
  const lines = await linesOf(panel, world, ask);
  return panel.type === 'stat' ? stat(panel, lines) : chart(panel, lines, span);
}

// Where each panel lies, in lines of three, or six where there are numbers alone: [{ panel, x, y, wide, high }], and the height.
function placed(panels) {
  const found = [];
  let [x, y, line] = [gap, gap, 0];
  for (const panel of panels) {
    const [wide, high] = panel.type === 'stat' ? [(width - gap) / 2, 70] : [width, height];
    if (x + wide > columns * (width + gap) + gap || high !== (line || high)) [x, y] = [gap, y + line + gap];
    line = high;
    found.push({ panel, x, y, wide, high });
    x += wide + gap;
  }
  return { found, bottom: y + line + gap };
}

// The SVG of these panels. `span`: start and end in Unix seconds, and the step between points.
export async function draw(panels, { world, variables, span, filled }) {
  const { found, bottom } = placed(panels);
  const whole = columns * (width + gap) + gap;
  const parts = [`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${whole} ${bottom}" width="${whole}" height="${bottom}" font-family="system-ui,sans-serif"><rect width="${whole}" height="${bottom}" fill="#f3f4f6"/>`];
  for (const { panel, x, y, wide, high } of found) {
    const inside = await one(panel, world, variables, span, filled);
    parts.push(`<g transform="translate(${x} ${y})"><rect width="${wide}" height="${high}" rx="4" fill="${paper}"/>`, text(12, 20, panel.title, { size: 13, weight: 600 }), ...inside, '</g>');
  }
  return `${parts.join('\n')}\n</svg>\n`;
}

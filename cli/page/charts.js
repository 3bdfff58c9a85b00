// Draws as cli/chart_bars.cpp, chart_lines.cpp, chart_cells.cpp and page_charts.cpp do: the same markup for the same
// figures. Compiled into the program with live.js as one script.
'use strict';

const KIB = 1024, GIB = KIB ** 3;
const CAPTION = {compute: 'compute', exposed: 'exposed communication', bubble: 'pipeline bubble',
                 optimizer: 'optimizer', hidden: 'hidden communication'};

const escaped = text => String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
  .replace(/"/g, '&quot;');
const grouped = value => String(Math.trunc(value)).replace(/\B(?=(\d{3})+$)/g, ',');
const times = ratio => significant(ratio) + 'x';
const spaced = name => name.replaceAll('_', ' ');

/// cli/text.hpp
function significant(value) {
  if (value < 0) return '-' + significant(-value);
  if (value === 0) return '0';
  const rounded = value.toExponential(2), exponent = Number(rounded.split('e')[1]);
  if (exponent < -4 || exponent > 8)
    return rounded.split('e')[0] + 'e' + (exponent < 0 ? '-' : '+') + String(Math.abs(exponent)).padStart(2, '0');
  return exponent < 2 ? value.toFixed(2 - exponent) : grouped(Number(rounded));
}
/// model/units.hpp
function threeDigits(value) {
  if (value > 0 && value < 0.9995) return String(Number(value.toPrecision(3)));
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}
function scaled(value, scales) {
  const [unit, size] = scales.find(([, s]) => value >= s * 0.9995) || scales[scales.length - 1];
  return threeDigits(value / size) + ' ' + unit;
}
const printBytes = value => scaled(value, [['PiB', KIB ** 5], ['TiB', KIB ** 4], ['GiB', GIB], ['MiB', KIB ** 2],
                                           ['KiB', KIB], ['B', 1]]);
const printSeconds = value => scaled(value, [['s', 1], ['ms', 1e-3], ['us', 1e-6], ['ns', 1e-9]]);
function printTokens(count) {
  for (const [unit, size] of [['Gi', GIB], ['Mi', KIB ** 2], ['Ki', KIB]])
    if (count >= size && count % size === 0) return count / size + unit;
  return grouped(count);
}

const svgText = (x, y, style, words) =>
  `<text class="${style}" x="${x.toFixed(1)}" y="${y.toFixed(1)}">${escaped(words)}</text>\n`;
const figure = (exact, words) => `<data value="${exact}">${escaped(words)}</data>`;
function tableRow(cells, heading, style) {
  const cell = (text, i) => {
    const tag = heading || i === 0 ? 'th' : 'td', scope = heading ? ' scope="col"' : i === 0 ? ' scope="row"' : '';
    return `<${tag}${scope}${text.length > 40 && !text.startsWith('<data') ? ' class="words"' : ''}>${text}</${tag}>`;
  };
  return (style ? `<tr class="${style}">` : '<tr>') + cells.map(cell).join('') + '</tr>\n';
}
const swatch = shape => `<svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">${shape}</svg>`;

/// Stacked bars; the last series is drawn beside the others where `beside` says so.
function drawBars({title, unit, series, bars, beside, limit, limitLabel}) {
  const width = 360, margin = 8, top = 20, pitch = 50, high = 16, thin = 6;
  const stacked = bar => bar.values.slice(0, beside ? -1 : undefined).reduce((sum, v) => sum + v, 0);
  const most = bars.reduce((m, bar) => Math.max(m, stacked(bar), beside && bar.values.length ? bar.values.at(-1) : 0),
                           limit || 0);
  const reach = most > 0 ? 1.04 * most : 1, bottom = top + pitch * bars.length;
  const at = value => margin + (width - 2 * margin) * value / reach;
  const power = 10 ** Math.floor(Math.log10(reach / 4)), factor = [5, 2].find(f => f * power <= reach / 4) || 1;
  let svg = `<svg class="chart" viewBox="0 0 ${width} ${bottom + 34}" role="img" aria-label="${escaped(title)}">\n`;
  for (let i = 0; i * factor * power <= reach; ++i) {
    const tick = i * factor * power;
    svg += `<path class="grid" d="M${at(tick).toFixed(1)} ${top.toFixed(1)}V${(bottom + 4).toFixed(1)}"/>\n` +
      svgText(at(tick), bottom + 15, i === 0 ? 'soft' : 'soft mid', String(Number(tick.toPrecision(6))));
  }
  svg += svgText(width - margin, bottom + 29, 'soft end', unit);
  const part = (i, from, value, y, tall) =>
    `<rect class="s${i}${beside && i + 1 === series.length ? ' hatched' : ''}" x="${at(from).toFixed(2)}" ` +
    `y="${y.toFixed(1)}" width="${(at(from + value) - at(from)).toFixed(2)}" height="${tall}">` +
    `<title>${escaped(`${series[i]}: ${significant(value)} ${unit}`)}</title></rect>\n`;
  bars.forEach((bar, row) => {
    const y = top + pitch * row;
    svg += svgText(margin, y + 12, 'label', bar.label) + svgText(width - margin, y + 12, 'end label', bar.total);
    let from = 0;
    bar.values.forEach((value, i) => {
      if (beside && i + 1 === bar.values.length) {
        svg += part(i, 0, value, y + 17 + high + 1, thin);
      } else if (value > 0) {
        svg += part(i, from, value, y + 17, high);
        from += value;
      }
    });
  });
  if (limit) {
    const x = at(limit), right = x > width / 2;
    bars.forEach((bar, row) => {
      const y = top + pitch * row + 15;
      if (bar.values.length)
        svg += `<path class="limit" d="M${x.toFixed(1)} ${y.toFixed(1)}V${(y + high + 6).toFixed(1)}"/>\n`;
    });
    svg += svgText(right ? Math.min(x + 20, width - margin) : Math.max(x - 20, margin), top - 8,
                   right ? 'limit-label end' : 'limit-label', limitLabel);
  }
  return svg + '</svg>\n<ul class="legend">\n' + series.map((name, i) =>
    `<li>${swatch(`<rect class="s${i}${beside && i + 1 === series.length ? ' hatched' : ''}" width="10" height="10"/>`)}` +
    `${escaped(name)}</li>\n`).join('') + '</ul>\n';
}

const SHAPES = ['m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z', 'm-3.5 -3.5h7v7h-7z', 'm0 -4.5l4.5 8h-9z', 'm0 -5l5 5l-5 5l-5 -5z'];

/// Lines on two logarithmic axes, bytes upward.
function drawLines({title, xLabel, yLabel, ticks, series, limit, limitLabel}) {
  const width = 360, height = 280, left = 52, right = 12, top = 30, bottom = 40;
  const ys = series.flatMap(s => s.points.map(p => p.y));
  const least = ys.length ? Math.min(...ys) / 1.5 : 1, most = ys.length ? 1.5 * Math.max(...ys) : 10;
  const first = ticks[0], last = ticks.at(-1);
  const x = v => left + 8 + (width - left - right - 16) * Math.log(v / first) / Math.log(last / first);
  const y = v => height - bottom - (height - top - bottom) * Math.log(v / least) / Math.log(most / least);
  let svg = `<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">\n`;
  const every = 1 + Math.floor(ticks.length / 10);
  ticks.forEach((tick, i) => {
    svg += `<path class="grid" d="M${x(tick).toFixed(1)} ${top.toFixed(1)}V${(height - bottom).toFixed(1)}"/>\n`;
    if (i % every === 0) svg += svgText(x(tick), height - bottom + 14, 'soft mid', String(tick));
  });
  svg += svgText(width - right, height - 8, 'soft end', xLabel) + svgText(2, 12, 'soft', yLabel);
  ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'].forEach((unit, power) => {
    for (const count of [1, 10, 100]) {
      const tick = count * KIB ** power;
      if (tick < least || tick > most) continue;
      svg += `<path class="grid" d="M${left.toFixed(1)} ${y(tick).toFixed(1)}H${(width - right).toFixed(1)}"/>\n` +
        svgText(left - 4, y(tick) + 4, 'soft end', `${count} ${unit}`);
    }
  });
  if (limit >= first && limit <= last) {
    svg += `<path class="limit" d="M${x(limit).toFixed(1)} ${(top - 4).toFixed(1)}V${(height - bottom).toFixed(1)}"/>\n` +
      svgText(Math.min(x(limit) + 30, width - right), top - 7, 'limit-label end', limitLabel);
  }
  const marker = (i, color, px, py, words) =>
    `<path class="s${color}" d="M${px.toFixed(1)} ${py.toFixed(1)}${SHAPES[i % 4]}"><title>${escaped(words)}</title></path>\n`;
  series.forEach((s, i) => {
    if (s.points.length === 0) return;
    const path = s.points.map((p, k) => `${k === 0 ? 'M' : 'L'}${x(p.x).toFixed(1)} ${y(p.y).toFixed(1)}`).join('');
    svg += `<path class="line l${s.color} d${i % 4}" d="${path}"/>\n` +
      s.points.map(p => marker(i, s.color, x(p.x), y(p.y), p.title)).join('');
  });
  return svg + '</svg>\n<ul class="legend">\n' + series.map((s, i) =>
    `<li>${swatch(marker(i, s.color, 5, 5, ''))}${escaped(s.name)}</li>\n`).join('') + '</ul>\n';
}

function wrapped(words, letters) {
  const lines = [];
  for (const word of words.split(' ').filter(w => w)) {
    if (lines.length && lines.at(-1).length + 1 + word.length <= letters) lines[lines.length - 1] += ' ' + word;
    else lines.push(word);
  }
  return lines;
}

/// A grid of cells with the words of each.
function drawCells({title, xLabel, yLabel, prompt, columns, rows, cells}) {
  const width = 360, left = 52, right = 4, top = 18, high = 28, lineHigh = 13, letters = 58;
  const wide = (width - left - right) / Math.max(1, columns.length), bottom = top + high * rows.length;
  const split = cells.map(cell => wrapped(cell.words, letters));
  const box = lineHigh * split.reduce((most, lines) => Math.max(most, lines.length), 2) + 8, below = bottom + 38;
  let svg = `<svg class="chart" viewBox="0 0 ${width} ${below + box + 4}" role="group" aria-label="${escaped(title)}">\n` +
    svgText(2, 11, 'soft', yLabel) + svgText(width - right, bottom + 30, 'soft end', xLabel);
  rows.forEach((row, i) => { svg += svgText(left - 5, top + high * (i + 0.5) + 4, 'soft end', row); });
  columns.forEach((column, i) => { svg += svgText(left + wide * (i + 0.5), bottom + 14, 'soft mid', column); });
  const words = (lines, style) => `<g class="${style}"><rect class="box" x="1" y="${below.toFixed(1)}" width="${width - 2}" ` +
    `height="${box.toFixed(1)}" rx="4"/>\n` +
    lines.map((line, i) => svgText(8, below + lineHigh * (i + 1), 'words', line)).join('') + '</g>';
  svg += words(wrapped(prompt, letters), 'prompt');
  cells.forEach((cell, i) => {
    const x = left + wide * (i % columns.length), y = top + high * Math.floor(i / columns.length);
    svg += `<g class="cell${cell.asked ? ' asked' : ''}" tabindex="0" role="img" aria-label="${escaped(cell.words)}">` +
      `<rect class="${cell.letters ? 's' + cell.color : 'refused'}" x="${(x + 1).toFixed(1)}" y="${(y + 1).toFixed(1)}" ` +
      `width="${(wide - 2).toFixed(1)}" height="${(high - 2).toFixed(1)}" rx="2"/>\n` +
      (cell.letters ? svgText(x + wide / 2, y + high / 2 + 4, 'mid on', cell.letters) : '') +
      words(split[i], 'tip') + '</g>\n';
  });
  return svg + '</svg>\n';
}

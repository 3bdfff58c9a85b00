// The page's questions: the model compiled to WebAssembly, asked again as a slider moves.

const DEGREES = ['tp', 'ulysses', 'ring', 'dp', 'pp'];

/// Runs the module that the page carries; `bytes` are its code.
async function openModel(bytes) {
  const module = await WebAssembly.compile(bytes), imports = {};
  for (const {module: from, name} of WebAssembly.Module.imports(module)) (imports[from] ||= {})[name] = () => 0;
  const wasm = (await WebAssembly.instantiate(module, imports)).exports;
  wasm._initialize();
  const words = () => new TextDecoder().decode(new Uint8Array(wasm.memory.buffer, wasm.words(), wasm.words_size()))
    .split('\n');
  wasm.fields();
  const fields = words().slice(0, -1);

  /// Reads one answer of model/live.hpp.
  function reader(count) {
    const numbers = new Float64Array(wasm.memory.buffer, wasm.numbers(), count), text = words();
    let next = 0;
    const take = () => numbers[next++];
    const row = () => {
      const row = {strategy: take(), refused: take() === 1};
      if (row.refused) for (const degree of DEGREES) row['layout.' + degree] = take();
      if (row.refused) return Object.assign(row, {rule: text[take()], why: text[take()], instead: text[take()]});
      for (const field of fields) row[field] = take();
      row.terms = Array.from({length: take()}, () => ({bytes: take(), name: text[take()], formula: text[take()],
                                                        source: text[take()]}));
      return row;
    };
    return {take, row, list: each => Array.from({length: take()}, each)};
  }
  return {
    fields,
    /// False where the numbers are no question.
    take(numbers, turns) {
      new Float64Array(wasm.memory.buffer, wasm.room(numbers.length + 2 * turns.length), numbers.length + 2 * turns.length)
        .set([...numbers, ...turns.flat()]);
      return wasm.take(numbers.length, turns.length) === 1;
    },
    rows() {
      const read = reader(wasm.rows());
      return {parameters: read.take(), best: read.take(), rows: read.list(read.row)};
    },
    curves() {
      const read = reader(wasm.curves());
      return read.list(() => ({strategy: read.take(), points: read.list(() => ({gpus: read.take(), row: read.row()}))}));
    },
    winners(strategies) {
      const read = reader(wasm.winners()), gpus = read.list(read.take), lengths = read.list(read.take);
      const cells = lengths.flatMap(length => gpus.map(g => ({gpus: g, length, best: read.take(),
                                                              rows: Array.from({length: strategies}, read.row)})));
      return {gpus, lengths, cells};
    },
  };
}

// A choice is {model, values}: the place of a model among data.models, and a value for each knob by its name.

const asAsked = data => ({model: 0, values: Object.fromEntries(data.knobs.map(knob => [knob.name, knob.base]))});

/// The choice as it takes effect: micro-batches fill the global batch, KV heads divide the heads.
function settled(data, {model, values}) {
  const own = data.models[model], value = {...values};
  value.global_batch = Math.ceil(value.global_batch / value.micro_batch) * value.micro_batch;
  if (!own.choices.length) return value;
  while (value.heads % value.kv_heads !== 0) --value.kv_heads;
  return value;
}
/// What each knob is without being turned, under the choice's model and heads.
function untouched(data, {model}, value) {
  const own = data.models[model], base = asAsked(data).values;
  if (!own.choices.length) return {...base, heads: value.heads, kv_heads: value.kv_heads};
  return {...base, heads: own.heads, kv_heads: own.heads === own.kv_heads ? value.heads : own.kv_heads};
}
const turned = (data, choice) => {
  const value = settled(data, choice), base = untouched(data, choice, value);
  return data.knobs.filter(knob => value[knob.name] !== base[knob.name]).map(knob => [knob, value[knob.name]]);
};
const turnsOf = (data, choice) => turned(data, choice).map(([knob, value]) => [knob.id, value]);
const numbersOf = (data, choice) => {
  const {numbers} = data.models[choice.model];
  return [...numbers, ...data.numbers.slice(numbers.length)];
};
const optionOf = (knob, value) => knob.options.find(([v]) => v === value) || [value, grouped(value), String(value)];

/// The words of the command line that gives the same figures.
function commandOf(data, choice) {
  const value = settled(data, choice), turns = turned(data, choice).map(([knob]) => knob);
  const words = ['--model', data.models[choice.model].word, ...data.rest], sets = [];
  for (const knob of data.knobs) {
    const text = optionOf(knob, value[knob.name])[2];
    if (knob.axis && turns.includes(knob)) sets.push('--set', `${knob.axis}=${text}`);
    if (knob.flag && text && (knob.typed || turns.includes(knob))) words.push(knob.flag, text);
  }
  return ['ithaca', sets.length ? 'sweep' : 'compare', ...words, ...sets];
}
const shellWord = word => /^[-\w./,:=@%+]+$/.test(word) ? word : "'" + word.replaceAll("'", "'\\''") + "'";

// --- words and tables, as the program writes them ---

function rowWords(data, row) {
  const name = data.strategies[row.strategy];
  const degrees = DEGREES.map(d => [d, row['layout.' + d]]).filter(([, n]) => n !== 1)
    .map(([d, n]) => `${d} ${n}`).join(' x ') || '1 GPU';
  return degrees.startsWith(name) ? degrees : `${name} (${degrees})`;
}
const label = (data, row) => row.refused ? data.strategies[row.strategy] : rowWords(data, row);
const standing = rows => rows.filter(row => !row.refused);
const fits = row => !row.refused && row['memory.fits'] === 1;
const step = row => row['step.time_s'];
const hidden = row => Math.max(0, row['step.comm_s'] - row['step.exposed_comm_s']);
const fastest = rows => rows.filter(fits).sort((a, b) => step(a) - step(b));

function verdictOf(data, {rows, best}) {
  if (best < 0) {
    const closest = standing(rows).sort((a, b) => a['memory.peak_bytes'] - b['memory.peak_bytes'])[0];
    return closest ? [`None fits. ${rowWords(data, closest)} comes closest and needs ${printBytes(closest['memory.peak_bytes'])} ` +
                      `of ${printBytes(closest['memory.capacity_bytes'])} a GPU.`] : ['Every strategy is refused; the reasons stand below.'];
  }
  const row = rows[best], next = fastest(rows).find(other => other !== row);
  const ratio = next ? step(next) / step(row) : 0;
  const against = !next ? 'the only one that fits' : ratio < 1 + data.model_error
    ? `level with ${data.strategies[next.strategy]} within the model's own accuracy (${printSeconds(step(next))})`
    : `${times(ratio)} faster than ${data.strategies[next.strategy]} (${printSeconds(step(next))})`;
  const idle = row.idle_gpus > 0 ? ` ${grouped(row.idle_gpus)} GPUs are idle and paid for.` : '';
  return [`Take ${rowWords(data, row)}: ${printSeconds(step(row))} a step, ${against}.`,
          `Exposed communication is ${significant(100 * row['step.exposed_comm_s'] / step(row))} % of the step; a GPU needs ` +
          `${printBytes(row['memory.peak_bytes'])} of ${printBytes(row['memory.capacity_bytes'])}, which allows up to ` +
          `${grouped(row.max_seq_len)} tokens.${idle}`];
}

function summaryTable(data, {rows, best}) {
  const of = (row, key, words) => figure(row[key], words(row[key]));
  const gib = bytes => significant(bytes / GIB);
  return tableRow(['strategy', 'step, s', 'tokens/s', 'MFU, %', 'USD per 10^6 tokens', 'forward sends, GiB a layer',
                   'backward sends, GiB a layer', 'peak, GiB', 'fits', 'longest N that fits', 'idle GPUs'], true) +
    standing(rows).map(row => tableRow([
      escaped(rowWords(data, row)), of(row, 'step.time_s', significant), of(row, 'step.tokens_per_s', significant),
      of(row, 'step.mfu', v => significant(100 * v)),
      row['usd_per_million_tokens'] > 0 ? of(row, 'usd_per_million_tokens', significant) : '-',
      of(row, 'layer.forward.sent_bytes', gib), of(row, 'layer.backward.sent_bytes', gib),
      of(row, 'memory.peak_bytes', gib), fits(row) ? 'yes' : 'NO', of(row, 'max_seq_len', grouped),
      String(row.idle_gpus)], false, row === rows[best] ? 'best' : '')).join('');
}
const refusals = (data, rows) => rows.filter(row => row.refused).map(row =>
  `<li>${escaped(`${label(data, row)} is refused (${row.rule}): ${row.why}; instead: ${row.instead}`)}</li>\n`).join('');

const bytesOf = (row, name) => row.refused ? 0 : (row.terms.find(term => term.name === name) || {bytes: 0}).bytes;

function memoryFigure(data, rows) {
  const all = [...new Set(standing(rows).flatMap(row => row.terms.map(term => term.name)))];
  const largest = name => Math.max(...rows.map(row => bytesOf(row, name)));
  const kept = all.length <= 10 ? all : [...all].sort((a, b) => largest(b) - largest(a)).slice(0, 9);
  const names = all.filter(name => kept.includes(name)), rest = names.length < all.length;
  let limit;
  const bars = rows.map(row => {
    if (row.refused) return {label: label(data, row), total: 'refused', values: []};
    const values = names.map(name => bytesOf(row, name) / GIB), peak = row['memory.peak_bytes'] / GIB;
    if (rest) values.push(Math.max(0, peak - values.reduce((sum, v) => sum + v, 0)));
    limit = row['memory.capacity_bytes'] / GIB;
    return {label: label(data, row), total: `${significant(peak)} GiB${fits(row) ? '' : ', too much'}`, values};
  });
  const chart = drawBars({title: 'Memory of a GPU at its peak, stacked by term, for each strategy', unit: 'GiB', bars, limit,
                          series: [...names.map(spaced), ...(rest ? ['others'] : [])],
                          limitLabel: limit && `capacity ${significant(limit)} GiB`});
  const gib = bytes => figure(bytes, significant(bytes / GIB)), stand = standing(rows);
  const table = () => tableRow(['GiB of a GPU', ...stand.map(row => escaped(rowWords(data, row))), 'formula', 'source'], true) +
    all.map(name => {
      const {formula, source} = stand.flatMap(row => row.terms).find(term => term.name === name);
      return tableRow([escaped(spaced(name)), ...stand.map(row => gib(bytesOf(row, name))), escaped(formula), escaped(source)]);
    }).join('') + tableRow(['peak', ...stand.map(row => gib(row['memory.peak_bytes']))]) +
    tableRow(['capacity', ...stand.map(row => gib(row['memory.capacity_bytes']))]) +
    tableRow(['fits', ...stand.map(row => fits(row) ? 'yes' : 'no')]);
  return {chart, table};
}

function timeFigure(data, rows) {
  const parts = ['step.compute_s', 'step.exposed_comm_s', 'step.bubble_s', 'step.optimizer_s'];
  const bars = rows.map(row => ({label: label(data, row), total: row.refused ? 'refused' : significant(step(row)) + ' s',
                                 values: row.refused ? [] : [...parts.map(part => row[part]), hidden(row)]}));
  const chart = drawBars({title: 'Time of a training step, split into its parts, for each strategy', unit: 's', bars,
                          beside: true, series: Object.values(CAPTION)});
  const stand = standing(rows), line = (words, of) => tableRow([words, ...stand.map(row => figure(of(row), significant(of(row))))]);
  const table = () => tableRow(['seconds a step', ...stand.map(row => escaped(rowWords(data, row)))], true) +
    parts.map((part, i) => line(Object.values(CAPTION)[i], row => row[part])).join('') + line('step', step) +
    line('all communication', row => row['step.comm_s']) + line('physical bound', row => row['step.bound_s']) +
    line('hidden communication', hidden);
  return {chart, table};
}

function commFigure(data, curves, heads) {
  const ticks = curves.length ? curves[0].points.map(point => point.gpus) : [];
  if (ticks.length < 2) return null;
  const sent = point => point.row['layer.forward.sent_bytes'];
  const series = curves.map(curve => ({
    name: data.strategies[curve.strategy] + data.formulas[curve.strategy], color: curve.strategy,
    points: curve.points.filter(point => !point.row.refused && sent(point) > 0).map(point => ({
      x: point.gpus, y: sent(point), title: `${point.gpus} GPUs, ${rowWords(data, point.row)}: ${printBytes(sent(point))}`}))}));
  const chart = drawLines({
    title: "Bytes that a GPU sends in one layer's forward pass against the number of GPUs, both axes logarithmic",
    xLabel: 'GPUs that split the sequence', yLabel: 'sent by a GPU', ticks, series, limit: heads, limitLabel: `${heads} heads`});
  const paper = point => point.row['layer.forward.paper_elements'];
  const table = () => tableRow(['strategy', 'GPUs', 'sent', "the papers' elements"], true) +
    curves.flatMap(curve => curve.points).map(point => tableRow(point.row.refused
      ? [escaped(rowWords(data, point.row)), String(point.gpus), 'refused', escaped(point.row.why)]
      : [escaped(rowWords(data, point.row)), String(point.gpus), figure(sent(point), printBytes(sent(point))),
         figure(paper(point), significant(paper(point)))])).join('');
  return {chart, table};
}

function cellWords(data, cell) {
  const where = `${grouped(cell.gpus)} GPUs, ${printTokens(cell.length)} tokens: `;
  const of = row => `${printBytes(row['memory.peak_bytes'])} of ${printBytes(row['memory.capacity_bytes'])} a GPU`;
  if (cell.best >= 0) {
    const best = cell.rows[cell.best], next = fastest(cell.rows.filter(row => row !== best))[0];
    const lead = next ? `${times(step(next) / step(best))} faster than ${rowWords(data, next)}` : 'the only one that fits';
    return `${where}${rowWords(data, best)}, ${printSeconds(step(best))} a step, ${lead}; ${of(best)}` +
      (best.idle_gpus > 0 ? `; ${best.idle_gpus} GPUs idle` : '');
  }
  const closest = standing(cell.rows).reduce((least, row) =>
    least && least['memory.peak_bytes'] <= row['memory.peak_bytes'] ? least : row, null);
  if (closest) return `${where}none fits; ${rowWords(data, closest)} comes closest and needs ${of(closest)}`;
  const reasons = new Map();
  for (const row of cell.rows) reasons.set(row.why, [...reasons.get(row.why) || [], data.strategies[row.strategy]]);
  const joined = names => names.length < 2 ? names.join('') : names.slice(0, -1).join(', ') + ' and ' + names.at(-1);
  return `${where}all are refused.` + [...reasons].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([why, names]) => ` ${joined(names)}: ${why}.`).join('');
}

function winnerFigure(data, map, value) {
  const cells = map.cells.map(cell => {
    const taken = cell.best >= 0 ? cell.rows[cell.best].strategy : 0;
    return {letters: cell.best >= 0 ? data.letters[taken] : '', color: taken, words: cellWords(data, cell), cell,
            asked: cell.gpus === value.gpus && cell.length === value.seq_len};
  });
  const chart = drawCells({title: 'Which strategy to take, by sequence length and GPUs', xLabel: 'GPUs', yLabel: 'tokens',
                           prompt: 'Point at a cell, or move to it with Tab, for figures and reasons.', cells,
                           columns: map.gpus.map(grouped), rows: map.lengths.map(printTokens)});
  const table = () => tableRow(['tokens', 'GPUs', 'take', 's a step', 'in words'], true) + cells.map(({cell, words}) => {
    const best = cell.best >= 0 ? cell.rows[cell.best] : null;
    return tableRow([printTokens(cell.length), grouped(cell.gpus), best ? data.strategies[best.strategy] : 'none',
                     best ? figure(step(best), significant(step(best))) : '', escaped(words)]);
  }).join('');
  return {chart, table};
}

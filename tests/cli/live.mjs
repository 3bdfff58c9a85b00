// live.mjs PROGRAM: the model inside the page of `ithaca report` against the program itself. 1,000 random points, asked
// of the page's WebAssembly in Node and, by the command line that the page would copy, of `ithaca sweep`: equal to 1e-12
// relative, refusals word by word. Exits with 77 where the program has no module.

import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {runInThisContext} from 'node:vm';

const program = process.argv[2], folder = mkdtempSync(join(tmpdir(), 'ithaca-live-'));
process.on('exit', () => rmSync(folder, {recursive: true}));
const fail = words => { console.error('live.mjs: ' + words); process.exit(1); };

// mulberry32: the same points on every run
let seed = 20;
function random() {
  seed = (seed + 0x6D2B79F5) | 0;
  let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
  t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
  return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
}
const one = list => list[Math.floor(random() * list.length)];
const some = (list, count) => {
  const left = [...list], taken = [];
  while (taken.length < count && left.length) taken.push(...left.splice(Math.floor(random() * left.length), 1));
  return taken;
};

async function openPage(...flags) {
  const file = join(folder, 'page.html');
  execFileSync(program, ['report', ...flags, '-o', file], {stdio: ['ignore', 'ignore', 'inherit']});
  const page = readFileSync(file, 'utf8');
  const inside = id => (page.match(new RegExp(`<script[^>]*id="${id}">([^]*?)</script>`)) || [])[1];
  if (!inside('model-code')) {
    console.log('skipped: built without clang 19 for WebAssembly (cmake says what to install)');
    process.exit(77);
  }
  globalThis.openModel ||= runInThisContext(
    `{${page.match(/<script>([^]*?)<\/script>/)[1]}
    Object.assign(globalThis, {asAsked, turnsOf, numbersOf, commandOf}); openModel}`);
  return {data: JSON.parse(inside('live-data')), model: await openModel(Buffer.from(inside('model-code'), 'base64'))};
}

/// A choice with a quarter of its knobs turned, and four axes with lists of values that go together in any combination.
function randomGrid(data) {
  const choice = asAsked(data), own = data.models[choice.model = Math.floor(random() * data.models.length)];
  Object.assign(choice.values, {heads: own.heads, kv_heads: own.kv_heads});
  const plain = data.knobs.filter(knob => !['heads', 'kv_heads', 'micro_batch'].includes(knob.name));
  for (const knob of plain) {
    if (random() < 0.25) choice.values[knob.name] = one(knob.options)[0];
  }
  const axes = new Map(['gpus', 'seq_len'].map(name => [name, 4]));
  for (const knob of some(plain.filter(knob => !axes.has(knob.name)), 2)) axes.set(knob.name, 3);
  const lists = data.knobs.filter(knob => axes.has(knob.name)).map(knob =>
    [knob, some(knob.options.filter(([, , text]) => text), axes.get(knob.name)).map(([value]) => value)]);
  if (own.choices.length && random() < 0.6) {
    const heads = one(own.choices.filter(n => n <= 256));
    choice.values.heads = heads;
    choice.values.kv_heads = one(Array.from({length: heads}, (_, i) => i + 1).filter(n => heads % n === 0));
  }
  if (!lists.some(([knob]) => knob.name === 'global_batch')) choice.values.micro_batch = one([1, 1, 2]);
  return {choice, lists};
}

function* pointsOf(choice, lists) {
  if (!lists.length) return yield choice;
  const [[knob, values], ...rest] = lists;
  for (const value of values) yield* pointsOf({...choice, values: {...choice.values, [knob.name]: value}}, rest);
}

/// The command line of the page with lists in place of the axes' single values.
function sweepOf(data, choice, lists) {
  const axisOf = knob => knob.axis || knob.flag.slice(2);
  const untouched = asAsked(data).values, values = {...choice.values};
  for (const [knob] of lists) values[knob.name] = untouched[knob.name];
  const words = commandOf(data, {...choice, values}).slice(2), axes = [];
  for (const [knob, list] of lists) {
    const at = words.indexOf(knob.flag);
    if (knob.flag && at >= 0) words.splice(at, 2);
    const text = value => (knob.options.find(([v]) => v === value) || [])[2];
    axes.push('--set', `${axisOf(knob)}=[${list.map(text).join(',')}]`);
  }
  return ['sweep', ...words, ...axes, '--columns', 'all', '--jsonl', '--no-progress'];
}

const at = (json, path) => path.split('.').reduce((value, key) => value && value[key], json);
let worst = 0, figures = 0, standing = 0;

function compareRow(where, native, row, fields) {
  if (!!native.refused !== row.refused) fail(`${where}: refused here and not there`);
  if (row.refused) {
    for (const key of ['rule', 'why', 'instead'])
      if (native.refused[key] !== row[key]) fail(`${where}: ${key} '${native.refused[key]}' is here '${row[key]}'`);
    return;
  }
  ++standing;
  for (const field of fields) {
    const value = at(native, field);
    if (value === undefined) fail(`the program has no ${field}`);
    if (value === null && field === 'usd_per_million_tokens') continue;  // no price
    const expected = Number(value), error = Math.abs(row[field] - expected) / Math.max(Math.abs(expected), 1e-300);
    if (row[field] !== expected && !(error <= 1e-12)) fail(`${where} ${field}: ${expected} is here ${row[field]}`);
    if (row[field] !== expected) worst = Math.max(worst, error);
    ++figures;
  }
}

const pages = [await openPage('--model', 'llama3-8b', '--cluster', 'dgx-h100', '--gpus', '64', '--seq', '1Mi'),
               await openPage('--model', 'llama-7b', '--cluster', 'dgx-a100', '--gpus', '16', '--seq', '64Ki',
                              '--global-batch', '4', '--attention', 'full', '--strategies', 'ulysses,usp,loongtrain')];
let points = 0;
for (let sweep = 0; points < 1000; ++sweep) {
  const {data, model} = pages[sweep % pages.length], {choice, lists} = randomGrid(data);
  const words = sweepOf(data, choice, lists);
  let text = '';
  try {
    text = execFileSync(program, words, {encoding: 'utf8', maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'pipe']});
  } catch (error) {
    if (error.status !== 3) fail(`${words.join(' ')}: ${error.stderr}`);  // 3: every row is refused
    text = error.stdout;
  }
  const rows = text.trim().split('\n').map(line => JSON.parse(line));
  let next = 0;
  for (const point of pointsOf(choice, lists)) {
    if (!model.take(numbersOf(data, point), turnsOf(data, point))) fail(`no question: ${commandOf(data, point).join(' ')}`);
    for (const row of model.rows().rows) compareRow(commandOf(data, point).join(' '), rows[next++], row, model.fields);
    ++points;
  }
  if (next !== rows.length) fail(`${words.join(' ')}: ${rows.length} rows, ${next} here`);
}
if (standing < points) fail(`only ${standing} rows stand`);
console.log(`${points} points, ${standing} rows that stand, ${figures} figures: equal to ${worst.toExponential(1)}`);

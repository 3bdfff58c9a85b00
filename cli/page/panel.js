// The sliders beside the page's figures, and what a move redraws.

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

/// Each figure's picture and legend in a box of their own, whose markup is replaced.
function boxed(id) {
  const element = document.getElementById(id), svg = element && element.querySelector('svg.chart');
  if (!svg) return null;
  const box = make('div', {className: 'drawn'}), legend = svg.nextElementSibling;
  svg.before(box);
  box.append(svg);
  if (id !== 'winners' && legend) box.append('\n', legend, '\n');
  const details = element.querySelector('details'), at = {box, details, table: details.querySelector('table')};
  details.addEventListener('toggle', () => fill(at));
  return at;
}

/// A table is written when it is looked at.
function fill(at) {
  if (at.rows !== undefined && at.details.open) at.table.innerHTML = '\n' + at.rows();
  if (at.details.open) at.rows = undefined;
}

class Panel {
  constructor(data, model) {
    this.data = data;
    this.model = model;
    this.choice = asAsked(data);
    this.controls = new Map();
    this.boxes = Object.fromEntries(['memory', 'time', 'comm', 'winners'].map(id => [id, boxed(id)]));
    this.verdict = document.getElementById('verdict');
    this.summary = document.getElementById('summary');
    this.asked = this.verdict.innerHTML;
    this.refusals = make('div', {}, ...this.summary.querySelectorAll('ul'));
    this.summary.append(this.refusals);
    this.section = this.build();
    document.body.classList.add('with-panel');
    this.summary.before(this.section);
    this.follow();
    if (!data.event_engine) this.draw();
  }

  build() {
    const knobs = make('div', {className: 'knobs'});
    if (this.data.models.length > 1) knobs.append(this.selection('model', 'model', this.data.models.map((m, i) => [i, m.name])));
    for (const knob of this.data.knobs) {
      const named = knob.named;
      knobs.append(named ? this.selection(knob.name, knob.label, knob.options) : this.slider(knob));
    }
    this.command = make('code', {id: 'command'});
    this.answer = make('p', {className: 'answer'});
    this.said = make('span', {className: 'soft', role: 'status'});
    const copy = make('button', {type: 'button', id: 'copy', onclick: () => this.copy()}, 'Copy the command line');
    const back = make('button', {type: 'button', id: 'back', onclick: () => this.back()}, 'Back to the question');
    const note = 'The same model, worked out in this page as you move a slider.' +
      (this.data.event_engine ? ' It is the closed form; the figures as asked are the event engine\'s.' : '');
    return make('section', {id: 'live'}, make('h2', {}, 'What if'), make('p', {className: 'soft'}, note), this.answer, knobs,
                make('p', {}, copy, ' ', back, ' ', this.said), make('p', {}, this.command));
  }

  slider(knob) {
    const input = make('input', {type: 'range', min: 0, id: 'knob-' + knob.name, step: 1});
    const output = make('output', {htmlFor: input.id});
    input.oninput = () => this.set(knob.name, this.optionsOf(knob)[input.value][0]);
    this.controls.set(knob.name, {knob, input, output});
    return make('label', {}, make('span', {}, knob.label), output, input);
  }

  selection(id, label, options) {
    const input = make('select', {id: 'knob-' + id}, ...options.map(([value, words]) => make('option', {value}, words)));
    input.onchange = () => this.set(id, Number(input.value));
    this.controls.set(id, {input});
    return make('label', {}, make('span', {}, label), input);
  }

  /// Heads and KV heads have those of the model.
  optionsOf(knob) {
    const own = this.data.models[this.choice.model], {heads} = this.choice.values;
    const list = {heads: own.choices, kv_heads: this.divisors(heads)}[knob.name];
    return list ? list.map(n => [n, grouped(n), String(n)]) : knob.options;
  }
  divisors(heads) { return Array.from({length: heads}, (_, i) => i + 1).filter(n => heads % n === 0); }

  set(name, value) {
    const {values} = this.choice, mha = values.heads === values.kv_heads;
    if (name === 'model') {
      this.choice.model = value;
      Object.assign(values, {heads: this.data.models[value].heads, kv_heads: this.data.models[value].kv_heads});
    } else {
      values[name] = value;
    }
    if (name === 'heads' && mha) values.kv_heads = value;
    this.choice.values = settled(this.data, this.choice);
    if (!this.pending) this.pending = requestAnimationFrame(() => { this.pending = 0; this.draw(); });
    this.follow();
  }

  back() {
    this.choice = asAsked(this.data);
    this.follow();
    this.draw();
  }

  /// Puts every control and the command line to the choice.
  follow() {
    const {values, model} = this.choice, latent = !this.data.models[model].choices.length;
    for (const [name, {knob, input, output}] of this.controls) {
      if (!knob) {
        input.value = name === 'model' ? model : values[name];
        continue;
      }
      const options = this.optionsOf(knob), at = options.findIndex(([value]) => value === values[name]);
      input.disabled = latent && (name === 'heads' || name === 'kv_heads');
      input.max = Math.max(0, options.length - 1);
      if (at >= 0) input.value = at;
      output.textContent = input.disabled ? 'latent' : optionOf(knob, values[name])[1];
      input.setAttribute('aria-valuetext', output.textContent);
    }
    this.command.textContent = commandOf(this.data, this.choice).map(shellWord).join(' ');
    this.said.textContent = '';
  }

  async copy() {
    const text = this.command.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      getSelection().selectAllChildren(this.command);
      document.execCommand('copy');
    }
    this.said.textContent = 'copied';
  }

  draw() {
    const begin = performance.now(), {data, choice, model} = this, value = settled(data, choice);
    if (!model.take(numbersOf(data, choice), turnsOf(data, choice))) return;
    const answer = model.rows(), moved = choice.model !== 0 || turned(data, choice).length > 0;
    this.put('memory', memoryFigure(data, answer.rows));
    this.put('time', timeFigure(data, answer.rows));
    const heads = data.models[choice.model].choices.length ? value.heads : data.models[choice.model].heads;
    this.put('comm', commFigure(data, model.curves(), heads));
    this.put('winners', winnerFigure(data, model.winners(data.asked.length), value));
    this.verdict.innerHTML = moved ? this.heading(answer, value) : this.asked;
    this.summary.querySelector('table').innerHTML = summaryTable(data, answer);
    const refused = refusals(data, answer.rows);
    this.refusals.innerHTML = refused && `<ul>\n${refused}</ul>\n`;
    this.answer.textContent = this.short(answer);
    this.section.dataset.ms = (performance.now() - begin).toFixed(2);
  }

  put(id, drawn) {
    const at = this.boxes[id];
    if (!at) return;
    at.box.innerHTML = drawn ? drawn.chart : '';
    at.rows = drawn ? drawn.table : () => '';
    fill(at);
  }

  /// The verdict where the sliders are, for small screens.
  short({rows, best}) {
    if (best < 0) return standing(rows).length ? 'none fits' : 'all are refused';
    const row = rows[best], usd = row['usd_per_million_tokens'];
    return `${rowWords(this.data, row)}: ${printSeconds(step(row))} a step, ${printBytes(row['memory.peak_bytes'])} a GPU` +
      (usd > 0 ? `, ${significant(usd)} USD per 10^6 tokens` : '');
  }

  heading(answer, value) {
    const {shown, models} = this.data, many = value.global_batch !== 1;
    const settings = shown.settings.replace('{recompute}', optionOf(this.knob('recompute'), value.recompute)[1]);
    return `<h1>${escaped(`${models[this.choice.model].name}, ${grouped(value.seq_len)} tokens on ${grouped(value.gpus)} ` +
                          `GPU${value.gpus === 1 ? '' : 's'} of ${shown.cluster}`)}</h1>\n` +
      `<p class="soft">${escaped(`${significant(answer.parameters / 1e9)} billion parameters, ` +
        `${many ? grouped(value.global_batch) + ' sequences' : '1 sequence'} a step, ${settings}; ${shown.gpu} GPUs at ` +
        `${significant(value.price)} USD per GPU-hour`)}</p>\n` +
      verdictOf(this.data, answer).map((text, i) => `<p${i === 0 ? ' class="lead"' : ''}>${escaped(text)}</p>\n`).join('');
  }
  knob(name) { return this.data.knobs.find(knob => knob.name === name); }
}

async function start() {
  const text = id => document.getElementById(id).textContent;
  const bytes = Uint8Array.from(atob(text('model-code').trim()), c => c.charCodeAt(0));
  globalThis.panel = new Panel(JSON.parse(text('live-data')), await openModel(bytes));
}
if (typeof document !== 'undefined') start();

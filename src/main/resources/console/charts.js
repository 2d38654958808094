// Line charts in SVG. All charts of the page share one cursor, which the pointer or the arrow keys move.

import {html, svg, setText} from './dom.js';
import {clock} from './format.js';

const HEIGHT = 168;
const LEFT = 52;
const RIGHT = 10;
const TOP = 8;
const BOTTOM = 22;
const TICKS = [15e3, 30e3, 60e3, 120e3, 300e3];

const charts = [];
let cursor = null;

function moveCursor(time) {
  cursor = time;
  charts.forEach(chart => chart.draw());
}

/** A step of 1, 2 or 5 times a power of ten, of which about four reach the value. */
function stepTo(value) {
  const power = 10 ** Math.floor(Math.log10(value / 4));
  return power * [1, 2, 5, 10].find(step => step * power >= value / 4 * 0.999);
}

const SCALES = {
  linear: {
    domain: (values, least) => {
      const most = Math.max(least, ...values);
      const step = stepTo(most);
      return [0, Math.ceil(most / step - 0.001) * step];
    },
    ticks: ([, most]) => {
      const step = stepTo(most);
      return Array.from({length: Math.round(most / step) + 1}, (_, i) => i * step);
    },
    place: (value, [from, to]) => (value - from) / (to - from),
  },
  log: {
    domain: (values, least) => {
      const some = values.filter(value => value > 0);
      const low = some.length ? Math.floor(Math.log10(Math.min(...some))) : Math.log10(least);
      const high = some.length ? Math.ceil(Math.log10(Math.max(...some))) : low;
      return [10 ** low, 10 ** Math.max(high, low + 2)];
    },
    ticks: ([from, to]) => {
      const all = [];
      for (let tick = from; tick <= to * 1.001; tick *= 10) {
        all.push(tick);
      }
      return all;
    },
    place: (value, [from, to]) => Math.log10(Math.max(value, from) / from) / Math.log10(to / from),
  },
};

export class Chart {
  /**
   * A chart in a panel that has a heading. Series are {name, value(row)}; their number may change.
   *
   * @param options scale: linear or log; least: what the scale shows at least; format, axis: of a value
   */
  constructor(panel, {scale = 'linear', least = 1, format, axis = format}) {
    Object.assign(this, {scale: SCALES[scale], least, format, axis});
    this.title = panel.querySelector('h2').textContent;
    this.legend = html('ul', {class: 'legend'});
    this.plot = html('div', {class: 'plot', tabindex: 0, role: 'img', 'aria-describedby': 'chart-hint'});
    this.spoken = html('p', {class: 'unseen', 'aria-live': 'polite'});
    panel.append(this.legend, this.plot, this.spoken);
    this.model = null;
    charts.push(this);
    new ResizeObserver(() => this.draw()).observe(this.plot);
    this.plot.addEventListener('pointermove', event => this.point(event));
    this.plot.addEventListener('pointerdown', event => this.point(event));
    this.plot.addEventListener('pointerleave', () => moveCursor(null));
    this.plot.addEventListener('blur', () => moveCursor(null));
    this.plot.addEventListener('keydown', event => this.key(event));
  }

  /** Shows rows, whose first column is their time, from `from` to `to`. */
  show(model) {
    this.model = model;
    this.draw();
  }

  visible() {
    const {rows, from, to} = this.model;
    return rows.filter(row => row[0] >= from && row[0] <= to);
  }

  point(event) {
    if (!this.model) {
      return;
    }
    const box = this.plot.getBoundingClientRect();
    const part = (event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT);
    const time = this.model.from + part * (this.model.to - this.model.from);
    const near = nearest(this.visible(), time);
    moveCursor(near && near[0]);
  }

  key(event) {
    const step = {ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity}[event.key];
    if (event.key === 'Escape') {
      moveCursor(null);
    } else if (step && this.model) {
      event.preventDefault();
      const rows = this.visible();
      if (rows.length) {
        const at = cursor === null ? rows.length : rows.indexOf(nearest(rows, cursor));
        const next = Math.min(rows.length - 1, Math.max(0, at + step * (event.shiftKey ? 10 : 1)));
        moveCursor(rows[next][0]);
        setText(this.spoken, `${clock(rows[next][0])}: ${this.read(rows[next])}`);
      }
    }
  }

  read(row) {
    return this.model.series.map(s => `${s.name} ${this.format(row ? s.value(row) : null)}`).join(', ');
  }

  draw() {
    const width = this.plot.clientWidth;
    if (!this.model || width === 0) {
      return;
    }
    const {from, to, gap, series} = this.model;
    const rows = this.visible();
    const lines = series.map(s => rows.map(row => s.value(row)));
    const domain = this.scale.domain(lines.flat().filter(value => value !== null), this.least);
    const x = time => LEFT + (time - from) / (to - from) * (width - LEFT - RIGHT);
    const y = value => HEIGHT - BOTTOM - this.scale.place(value, domain) * (HEIGHT - TOP - BOTTOM);
    const picture = svg('svg', {width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, 'aria-hidden': 'true'});

    for (const [start, end] of gaps(rows, to, gap)) {
      picture.append(svg('rect', {class: 'gap', x: x(start), y: TOP, width: Math.max(0, x(end) - x(start)), height: HEIGHT - TOP - BOTTOM}));
    }
    for (const tick of this.scale.ticks(domain)) {
      picture.append(
        svg('line', {class: 'grid', x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick)}),
        svg('text', {x: LEFT - 6, y: y(tick) + 3.5, 'text-anchor': 'end'}, this.axis(tick)));
    }
    const room = Math.max(2, Math.floor((width - LEFT - RIGHT) / 70));
    const every = TICKS.find(tick => (to - from) / tick <= room) ?? 300e3;
    for (let time = Math.ceil(from / every) * every; time <= to; time += every) {
      const place = x(time);
      if (place > LEFT + 14 && place < width - RIGHT - 14) {
        picture.append(
          svg('line', {class: 'tick', x1: place, x2: place, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM + 4}),
          svg('text', {x: place, y: HEIGHT - 5, 'text-anchor': 'middle'}, clock(time, every < 60e3)));
      }
    }
    // The first line is drawn last, over the others.
    lines.map((values, i) => [values, i]).reverse().forEach(([values, i]) => {
      picture.append(svg('path', {class: `line s${i % 6}`, d: path(rows, values, x, y, gap)}));
      rows.forEach((row, j) => {
        if (values[j] !== null && (values[j - 1] ?? null) === null && (values[j + 1] ?? null) === null) {
          picture.append(svg('circle', {class: `lone s${i % 6}`, cx: x(row[0]), cy: y(values[j]), r: 1.8}));
        }
      });
    });
    const at = cursor === null ? null : nearest(rows, cursor);
    if (at) {
      picture.append(
        svg('line', {class: 'cursor', x1: x(at[0]), x2: x(at[0]), y1: TOP, y2: HEIGHT - BOTTOM}),
        svg('text', {class: 'moment', x: Math.min(x(at[0]), width - 30), y: HEIGHT - 5, 'text-anchor': 'middle'}, clock(at[0])),
        ...series.map((s, i) => s.value(at) === null ? null
          : svg('circle', {class: `dot s${i % 6}`, cx: x(at[0]), cy: y(s.value(at)), r: 3})).filter(Boolean));
    }
    if (!rows.length) {
      picture.append(svg('text', {class: 'empty', x: (LEFT + width) / 2, y: HEIGHT / 2 - 8, 'text-anchor': 'middle'}, 'no data'));
    }
    this.plot.replaceChildren(picture);

    const last = rows.length && to - rows.at(-1)[0] <= gap ? rows.at(-1) : null;
    const shown = at ?? last;
    this.legend.replaceChildren(
      ...series.map((s, i) => html('li', {},
        html('i', {class: `s${i % 6}`, 'aria-hidden': 'true'}), `${s.name} `,
        html('b', {}, this.format(shown ? s.value(shown) : null)))));
    if (!series.length) {
      this.legend.append(html('li', {}, this.model.none ?? ''));
    }
    this.plot.setAttribute('aria-label', `Chart of ${this.title}. Now: ${series.length ? this.read(last) : this.model.none}`);
  }
}

function nearest(rows, time) {
  let best = null;
  for (const row of rows) {
    if (best === null || Math.abs(row[0] - time) < Math.abs(best[0] - time)) {
      best = row;
    }
  }
  return best;
}

/** The stretches without samples, so that a silence does not look like a straight line. */
function gaps(rows, to, longest) {
  const all = [];
  rows.forEach((row, i) => {
    const next = i + 1 < rows.length ? rows[i + 1][0] : to;
    if (next - row[0] > longest) {
      all.push([row[0], next]);
    }
  });
  return all;
}

function path(rows, values, x, y, gap) {
  let d = '';
  let last = null;
  rows.forEach((row, i) => {
    if (values[i] === null) {
      last = null;
      return;
    }
    const point = `${x(row[0]).toFixed(1)} ${y(values[i]).toFixed(1)}`;
    d += last !== null && row[0] - last <= gap ? `L${point}` : `M${point}h.01`;
    last = row[0];
  });
  return d;
}

/** A small line without axes. */
export function spark(place, rows, value, from, to, gap) {
  const width = place.clientWidth;
  const height = 28;
  const points = rows.filter(row => row[0] >= from && value(row) !== null);
  if (!width || !points.length) {
    place.replaceChildren();
    return;
  }
  const values = points.map(value);
  const high = Math.max(...values);
  // Small changes of a large figure stay small.
  const low = Math.min(...values, high * 0.9);
  const x = time => (time - from) / (to - from) * width;
  const y = v => high === low ? height - 3 : height - 3 - (v - low) / (high - low) * (height - 6);
  place.replaceChildren(svg('svg', {width, height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true'},
    svg('path', {class: 'line s3', d: path(points, values, x, y, gap)})));
}

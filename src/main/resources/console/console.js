// The page: asks the node every two seconds for what is new, and shows it.

import {Chart, spark} from './charts.js';
import {byId, chosen, html, setText} from './dom.js';
import {bytes, clock, compact, count, duration, micros, rate, seconds} from './format.js';
import {prepareKeys} from './keys.js';
import {ask, confirmed, onSession, order, prepareSignIn, problem, signedIn} from './session.js';
import {showShards} from './shards.js';
import {Topology} from './topology.js';

const KEEP = 20 * 60e3;
const EVENTS = 200;

// What was heard, and when by this machine's own clock, which never jumps.
let state = null;
let heard = 0;
let columns = {};
let rows = [];
let have = {run: null, samples: 0, events: 0};
let refused = 0;
let lost = false;

const topology = new Topology(byId('topology'), byId('topology-text'));
const keys = prepareKeys();
const charts = {
  commands: new Chart(byId('chart-commands'), {least: 10, format: rate, axis: compact}),
  latency: new Chart(byId('chart-latency'), {scale: 'log', least: 100, format: micros}),
  fsync: new Chart(byId('chart-fsync'), {scale: 'log', least: 100, format: micros}),
  lag: new Chart(byId('chart-lag'), {least: 1, format: count, axis: compact}),
};

const nodeTime = () => state.now + (performance.now() - heard);
const age = () => nodeTime() - (state.sampled ?? state.now);
const isStale = () => age() > 3 * state.interval + 500;
const figure = name => row => row[columns[name]] ?? null;

async function poll() {
  try {
    const response = await ask(`console/state?samples=${have.samples}&events=${have.events}`, {timeout: 5000});
    refused = response.ok ? 0 : response.status;
    if (response.ok) {
      take(await response.json());
    }
  } catch {
    refused = 0;
    miss();
  }
  show();
}

function take(news) {
  if (have.run !== null && news.run !== have.run) {
    // Another process answers: its counts begin anew, what was heard of the old one stays.
    have = {run: news.run, samples: 0, events: 0};
    tellEvent({time: news.now, level: 'WARNING', text: 'The node was started again.'});
    setTimeout(poll);
    return;
  }
  if (lost) {
    lost = false;
    tellEvent({time: news.now, level: 'GOOD', text: 'The node answers again.'});
  }
  state = news;
  heard = performance.now();
  columns = Object.fromEntries(news.history.columns.map((name, i) => [name, i]));
  rows.push(...news.history.rows.filter(row => !rows.length || row[0] > rows.at(-1)[0]));
  rows = rows.filter(row => row[0] > news.now - KEEP);
  news.events.forEach(tellEvent);
  byId('events').setAttribute('aria-live', 'polite');
  have = {run: news.run, samples: news.history.last, events: news.events.at(-1)?.seq ?? have.events};
}

function miss() {
  if (!lost && state) {
    lost = true;
    tellEvent({time: nodeTime(), level: 'ERROR', text: 'The node does not answer this page.'});
  }
}

const LEVELS = {INFO: ['·', ''], GOOD: ['✓', 'Well: '], WARNING: ['!', 'Warning: '], ERROR: ['✕', 'Error: ']};

function tellEvent({time, level, text}) {
  const list = byId('events');
  const [mark, word] = LEVELS[level];
  list.prepend(html('li', {class: level.toLowerCase()},
    html('span', {class: 'mark', 'aria-hidden': 'true'}, mark),
    html('time', {datetime: new Date(time).toISOString()}, clock(time)),
    html('span', {}, html('span', {class: 'unseen'}, word), text)));
  while (list.children.length > EVENTS) {
    list.lastChild.remove();
  }
}

function banner(tone, text) {
  const place = byId('banner');
  place.hidden = text === null;
  place.className = `banner ${tone}`;
  setText(place, text ?? '');
}

function showTrust() {
  if (refused === 401 || refused === 403) {
    // 403: no secret is set that could be signed in with.
    byId('sign').hidden = refused === 403;
    banner('warn', `This node shows its state only to who is signed in${refused === 403 ? ', and has no secret to sign in with' : ''}.`);
  } else if (!state) {
    banner('bad', lost || refused || heard === 0 && performance.now() > 6000 ? 'This node does not answer.' : null);
  } else if (lost || refused || isStale()) {
    banner('bad', `${lost || refused ? 'This node does not answer.' : 'This node answers, but has not looked at itself for a while.'} What you see was true at ${clock(state.sampled ?? state.now)}.`);
  } else if (state.node && state.node.health !== 'UP') {
    const {health, reasons, leader} = state.node;
    const told = [...reasons, leader?.reason].filter(Boolean).join(' ');
    banner(health === 'DOWN' ? 'bad' : 'warn', health.replaceAll('_', ' ') + (told ? `: ${told}` : ''));
  } else {
    banner('', null);
  }
  byId('main').hidden = refused === 401 || refused === 403;
  const stale = state !== null && (lost || isStale());
  document.body.classList.toggle('stale', stale);
  setText(byId('age'), !state ? (refused ? '' : 'connecting…') : stale ? `${duration(age() / 1000)} old` : 'live');
  byId('age').classList.toggle('live', state !== null && !stale);
}

function showHead({node, signIn}) {
  setText(byId('who'), `${node.role} ${node.id}`);
  document.title = `${node.health === 'UP' ? '' : `(${node.health}) `}keyval ${node.role} ${node.id}`;
  const health = byId('health');
  health.hidden = false;
  health.className = `pill ${{UP: 'good', DOWN: 'bad'}[node.health] ?? 'warn'}`;
  setText(health, node.health.toLowerCase().replaceAll('_', ' '));
  byId('sign').hidden = !signIn;
}

function showFacts({node}) {
  const {cluster} = node;
  const facts = cluster ? [
    ['cluster', cluster.name],
    ['reads', cluster.reads],
    ['shards', count(cluster.shards)],
    ['held by', count(cluster.replicationFactor)],
    ['version', node.version],
  ] : [
    ['position', node.log && count(node.log.position)],
    ['epoch', node.log?.epoch],
    ['fsync', node.log?.fsync],
    ['version', node.version],
  ];
  const told = facts.filter(([, value]) => value);
  byId('facts').replaceChildren(...told.map(([name, value]) =>
    html('div', {}, html('dt', {}, name), html('dd', {}, value))));
}

function tile(name, value, more, column, from, to) {
  const place = byId(`tile-${name}`);
  setText(place.querySelector('.figure'), value);
  setText(place.querySelector('.more'), more);
  spark(place.querySelector('.spark'), rows, figure(column), from, to, 2.5 * state.interval);
}

function showTiles({node}, from, to) {
  const {log, memory, cluster} = node;
  if (cluster) {
    const here = cluster.groups.filter(group => group.role !== 'elsewhere');
    const leads = here.filter(group => group.role === 'leader').length;
    setText(byId('tile-log').querySelector('h2'), 'Log entries');
    tile('keys', node.open ? count(node.keys) : '–', node.open ? `in ${here.length} of ${count(cluster.shards)} ${cluster.shards === 1 ? 'shard' : 'shards'}` : 'starting', 'KEYS', from, to);
    tile('log', node.open ? count(here.reduce((sum, group) => sum + group.committed, 0)) : '–', `leads ${leads} of ${count(cluster.shards)}`, 'LOG', from, to);
  } else {
    tile('keys', log ? count(node.keys) : '–', log ? `${bytes(log.live)} live` : 'replaying', 'KEYS', from, to);
    tile('log', bytes(log?.size ?? null), log && log.live > 0 ? `${(log.size / log.live).toFixed(1)} × the live data` : '', 'LOG', from, to);
  }
  tile('memory', bytes(memory.resident ?? memory.heap), `heap ${bytes(memory.heap)} of ${bytes(memory.maxHeap)}`, memory.resident ? 'RSS' : 'HEAP', from, to);
  tile('connections', count(node.connections), `of ${count(node.maxConnections)}`, 'CONNECTIONS', from, to);
}

function showCharts(from, to) {
  const model = series => ({rows, from, to, gap: 2.5 * state.interval, series});
  const line = (name, column) => ({name, value: figure(column)});
  const commands = [line('GET', 'GET'), line('PUT', 'PUT'), line('DELETE', 'DELETE'), line('other', 'OTHER')];
  const failed = rows.some(row => row[0] >= from && figure('ERRORS')(row) > 0);
  charts.commands.show(model(failed ? [...commands, line('ERROR', 'ERRORS')] : commands));
  const verb = chosen('verb');
  const percentiles = of => [line('p50', `${of}_P50`), line('p99', `${of}_P99`), line('p99.9', `${of}_P999`)];
  charts.latency.show(model(percentiles(verb)));
  charts.fsync.show(model(percentiles('FSYNC')));
  const {cluster} = state.node;
  byId('lag').hidden = Boolean(cluster);
  const inSeconds = !cluster && chosen('lag') === '1';
  charts.lag.format = inSeconds ? seconds : count;
  charts.lag.least = inSeconds ? 1 : 4;
  charts.lag.axis = inSeconds ? n => `${compact(n)} s` : compact;
  const ids = new Set(rows.filter(row => row[0] >= from).flatMap(row => Object.keys(row[columns.LAGS])));
  const lags = [...ids].sort((a, b) => a - b).map(id => ({
    name: `${cluster ? 'node' : 'follower'} ${id}`,
    value: row => row[columns.LAGS][id]?.[inSeconds ? 1 : 0] ?? null,
  }));
  charts.lag.show({...model(lags), none: cluster ? 'this node leads nobody' : 'no follower'});
}

function showRights() {
  const on = signedIn();
  const cluster = state?.node?.cluster;
  const leads = cluster || state?.node?.role === 'leader';
  const off = state && !state.signIn;
  setText(byId('sign'), on ? 'Sign out' : 'Sign in');
  const none = 'Off: this node has no secret to sign in with. Set KEYVAL_SECRET and start it again.';
  setText(byId('keys-hint'), off ? none : !on ? 'Sign in to read and write keys.' : leads ? '' : 'This node is a follower: keys can be read here and written on the leader.');
  setText(byId('operations-hint'), off ? none : !on ? 'Sign in to do something here.' : cluster ? '' : leads ? 'This node leads already: only a follower can be promoted.' : '');
  keys.allow(on, on && leads);
  for (const name of ['compact', 'promote']) {
    byId(name).parentElement.hidden = Boolean(cluster);
  }
  byId('lead').parentElement.hidden = !cluster;
  byId('lead').disabled = !on;
  byId('compact').disabled = !on;
  byId('promote').disabled = !on || leads;
}

function show() {
  showTrust();
  showRights();
  if (state?.node) {
    const to = nodeTime();
    const from = to - Number(chosen('window'));
    showHead(state);
    topology.show(state.node);
    showShards(byId('shards'), state.node);
    showFacts(state);
    showTiles(state, from, to);
    showCharts(from, to);
  }
}

function prepareOperations() {
  const status = byId('operations-status');
  const tell = (text, bad = false) => {
    status.classList.toggle('bad', bad);
    setText(status, text);
  };
  byId('compact').addEventListener('click', async () => {
    const sure = await confirmed({
      title: 'Compact the log?',
      text: 'The log is rewritten with the live data alone. That reads and writes about as much as the live data, and a follower that is away for longer than what is retained needs a full sync when it returns.',
      action: 'Compact',
    });
    if (sure) {
      tell('Compacting…');
      const answer = await order(`${state.operations}/compaction`);
      tell(!answer.ok ? problem(answer)
        : answer.bytesAfter < answer.bytesBefore ? `Compacted: ${bytes(answer.bytesBefore)} before, ${bytes(answer.bytesAfter)} now.`
        : 'Nothing to do: no more of the log is left than what is retained for followers.', !answer.ok);
      poll();
    }
  });
  byId('lead').addEventListener('click', async () => {
    const sure = await confirmed({
      title: 'Have this node lead?',
      text: 'It becomes the leader of every shard that it votes in. Commands wait for a moment meanwhile.',
      action: 'Lead',
    });
    if (sure) {
      tell('Handing over…');
      const answer = await order(`${state.operations}/cluster/leader`, {node: state.node.id});
      tell(answer.ok ? 'Done: this node leads.' : problem(answer), !answer.ok);
      poll();
    }
  });
  byId('promote').addEventListener('click', async () => {
    let refusal = null;
    for (;;) {
      const sure = await confirmed({
        title: 'Promote this follower?',
        text: 'It becomes the leader and takes writes. The leader it has now takes none any more once they meet. Other followers have to be told whom to follow.',
        action: 'Promote',
        problem: refusal,
        force: 'Promote it all the same. What it does not have is lost to all who follow it.',
      });
      if (!sure) {
        tell(refusal ?? '', refusal !== null);
        return;
      }
      const answer = await order(`${state.operations}/replication/promote?force=${sure.force}`);
      poll();
      if (answer.ok) {
        tell('Promoted: this node leads.');
        return;
      }
      if (answer.status !== 409) {
        tell(problem(answer), true);
        return;
      }
      refusal = problem(answer);
    }
  });
}

function rest() {
  return new Promise(resolve => {
    const wake = () => {
      document.removeEventListener('visibilitychange', seen);
      clearTimeout(timer);
      resolve();
    };
    const seen = () => document.hidden || wake();
    // A page that nobody looks at does not ask; it gets what it missed when it is looked at again.
    const timer = setTimeout(() => document.hidden || wake(), state?.interval ?? 2000);
    document.addEventListener('visibilitychange', seen);
  });
}

prepareSignIn();
prepareOperations();
onSession(() => {
  show();
  poll();
});
for (const group of ['window', 'verb', 'lag']) {
  byId(group).addEventListener('change', show);
}
setInterval(() => state && (lost || isStale()) && show(), 1000);
for (;;) {
  await poll();
  await rest();
}

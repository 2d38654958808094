// The picture of the node and those it is linked to.

import {html, svg, setText} from './dom.js';
import {count, seconds} from './format.js';

const BOX = 220;
const GAP = 12;

function lag(link) {
  if (link.percent !== undefined) {
    return `full sync: ${link.percent} %`;
  }
  if (link.lagRecords === 0) {
    return link.state === 'streaming' ? 'in step' : 'nothing known missing';
  }
  return `${count(link.lagRecords)} ${link.lagRecords === 1 ? 'record' : 'records'}, ${seconds(link.lagSeconds)} behind`;
}

const TONES = {streaming: 'good', syncing: 'busy', joining: 'busy', connecting: 'warn', refused: 'bad'};

/** What stands in the picture: a leader, and the nodes that copy it. */
export function describe(node) {
  const self = {
    name: `${node.role} ${node.id}`,
    here: true,
    lines: [
      node.address ?? '',
      node.log ? `position ${count(node.log.position)}` : 'replaying its log',
    ],
  };
  if (node.leader) {
    const leader = node.leader;
    return {
      leader: {
        name: 'leader',
        unseen: leader.state !== 'streaming' && leader.state !== 'syncing',
        lines: [
          leader.address,
          `position ${count(leader.position)}`,
          leader.silentSeconds === undefined ? 'not heard of yet' : `heard ${seconds(leader.silentSeconds)} ago`,
        ],
      },
      others: [{...self, lines: [...self.lines, lag(leader)], link: leader.state, percent: leader.percent}],
    };
  }
  return {
    leader: self,
    others: (node.followers ?? []).map(follower => ({
      name: `follower ${follower.id}`,
      lines: [follower.address, `position ${count(follower.position)}`, lag(follower)],
      link: follower.state,
      percent: follower.percent,
    })),
  };
}

/** What of a text fits; long names of hosts do not. */
function fit(text, width) {
  const most = Math.floor(width / 7.3);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function box(node, x, y, width, height, dense) {
  const group = svg('g', {class: `node ${node.unseen ? 'unseen-node' : ''} ${node.here ? 'here' : ''}`, 'data-node': node.name});
  group.append(
    svg('rect', {x, y, width, height, rx: 8}),
    svg('text', {class: 'title', x: x + 14, y: y + 22}, node.name));
  if (node.here) {
    group.append(svg('text', {class: 'tag', x: x + width - 12, y: y + 22, 'text-anchor': 'end'}, 'this node'));
  }
  if (dense) {
    group.append(svg('text', {class: 'tag', x: x + width - 12, y: y + 22, 'text-anchor': 'end'}, fit(node.lines[0], width - 120)));
  }
  (dense ? node.lines.slice(1) : node.lines).forEach((line, i) =>
    group.append(svg('text', {class: i === 0 && !dense ? 'mono' : '', x: x + 14, y: y + 40 + i * 16}, fit(line, width - 24))));
  if (node.percent !== undefined) {
    group.append(
      svg('rect', {class: 'track', x: x + 14, y: y + height - 8, width: width - 28, height: 3, rx: 1.5}),
      svg('rect', {class: 'done', x: x + 14, y: y + height - 8, width: (width - 28) * node.percent / 100, height: 3, rx: 1.5}));
  }
  return group;
}

function link(d, node, x, y, anchor) {
  return svg('g', {class: `link ${TONES[node.link] ?? 'warn'}`, 'data-link': node.link},
    svg('path', {d, class: 'wire'}),
    svg('path', {d, class: 'flow'}),
    svg('text', {x, y, 'text-anchor': anchor}, node.link));
}

function high(node, dense) {
  return 30 + 16 * (dense ? node.lines.length - 1 : node.lines.length) + 6;
}

/** The leader on the left, the others in a column on the right. */
function wide({leader, others}, width) {
  const dense = others.length > 4;
  const heights = others.map(node => high(node, dense));
  const total = heights.reduce((sum, h) => sum + h + GAP, -GAP);
  const own = high(leader, false);
  const height = Math.max(total, own, 84) + 8;
  const span = Math.min(340, width - BOX - 150);
  const right = width - 4 - span;
  const middle = height / 2;
  const parts = [];
  let y = (height - total) / 2;
  others.forEach((node, i) => {
    const target = y + heights[i] / 2;
    const begin = 4 + BOX;
    const bend = (right - begin) / 2;
    parts.push(
      link(`M${begin} ${middle}C${begin + bend} ${middle} ${begin + bend * 0.6} ${target} ${right} ${target}`, node, right - 10, target > middle + 4 ? target + 16 : target - 7, 'end'),
      box(node, right, y, span, heights[i], dense));
    y += heights[i] + GAP;
  });
  if (!others.length) {
    parts.push(svg('text', {class: 'nobody', x: 4 + BOX + 32, y: middle + 4}, 'No follower is connected.'));
  }
  parts.push(box(leader, 4, middle - own / 2, BOX, own, false));
  return [height, parts];
}

/** The leader on top, the others below it like the branches of a tree. */
function narrow({leader, others}, width) {
  const parts = [];
  const own = high(leader, false);
  let y = 4 + own + 26;
  let from = 4 + own;
  for (const node of others) {
    const h = high(node, false);
    const target = y + h / 2;
    parts.push(
      svg('path', {class: 'trunk', d: `M18 ${from}V${target - 8}`}),
      link(`M18 ${target - 8}Q18 ${target} 26 ${target}H40`, node, 48, y - 7, 'start'),
      box(node, 40, y, width - 44, h, false));
    from = target - 8;
    y += h + 26;
  }
  if (!others.length) {
    parts.push(svg('text', {class: 'nobody', x: 18, y: y - 4}, 'No follower is connected.'));
    y += 22;
  }
  parts.push(box(leader, 4, 4, width - 8, own, false));
  return [y - 14, parts];
}

/** The nodes of a cluster: equals, so without links. */
function members({id: self, cluster}) {
  return cluster.nodes.map(({id, client, raft, voting}) => {
    const led = cluster.groups.filter(group => group.leader === id).map(group => group.shard);
    const states = cluster.groups.flatMap(group => group.peers).filter(peer => peer.id === id);
    const lags = states.map(peer => peer.lag).filter(each => each !== null && each !== undefined);
    const silent = Math.max(0, ...states.map(peer => peer.silentMillis ?? 0));
    return {
      name: `node ${id}`,
      here: id === self,
      unseen: silent > 3000,
      lines: [
        client ?? raft,
        !voting ? 'learner' : !led.length ? 'follows' : cluster.shards === 1 ? 'leads' : `leads ${led.length === 1 ? 'shard' : 'shards'} ${led.join(', ')}`,
        silent > 3000 ? `not heard of for ${seconds(silent / 1000)}`
          : !lags.length ? ''
          : Math.max(...lags) === 0 ? 'in step' : `${count(Math.max(...lags))} ${Math.max(...lags) === 1 ? 'entry' : 'entries'} behind`,
      ],
    };
  });
}

function grid(nodes, width) {
  const columns = Math.max(1, Math.min(nodes.length, Math.floor((width - 8 + GAP) / (BOX + GAP))));
  const span = Math.min(340, (width - 8 + GAP) / columns - GAP);
  const tall = 84;
  const parts = nodes.map((node, i) =>
    box(node, 4 + (i % columns) * (span + GAP), 4 + Math.floor(i / columns) * (tall + GAP), span, tall, false));
  return [Math.ceil(nodes.length / columns) * (tall + GAP) - GAP + 8, parts];
}

export class Topology {
  constructor(place, text) {
    this.place = place;
    this.text = text;
    new ResizeObserver(() => this.draw()).observe(place);
  }

  show(node) {
    this.node = node;
    this.draw();
    const {leader, others} = node.cluster ? {others: members(node)} : describe(node);
    const told = [leader, ...others].filter(Boolean).map(each =>
      [each.name + (each.here ? ', this node' : ''), each.link && `link ${each.link}`, ...each.lines].filter(Boolean).join(', '));
    const before = [...this.text.children].map(child => child.textContent).join('\n');
    if (before !== told.join('\n')) {
      this.text.replaceChildren(...told.map(line => html('p', {}, line)));
    }
  }

  draw() {
    const width = this.place.clientWidth;
    if (!this.node || !width) {
      return;
    }
    const [height, parts] = this.node.cluster ? grid(members(this.node), width)
      : width >= 620 ? wide(describe(this.node), width) : narrow(describe(this.node), width);
    this.place.replaceChildren(
      svg('svg', {width, height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true'}, ...parts));
  }
}

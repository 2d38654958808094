// The shards of a cluster, as a table.

import {html} from './dom.js';
import {count} from './format.js';

const HEADS = ['Shard', 'Leader', 'Term', 'Changes', 'Committed', 'Lag', 'Here'];

/** What the slowest of those that are led lacks; of one that is followed, what is not applied here. */
function lag({role, peers, committed, applied}) {
  if (role === 'elsewhere') {
    return null;
  }
  if (role === 'leader') {
    const lags = peers.map(peer => peer.lag).filter(each => each !== null && each !== undefined);
    return lags.length ? Math.max(...lags) : null;
  }
  return Math.max(0, committed - applied);
}

export function showShards(place, {cluster}) {
  place.hidden = !cluster?.groups.length;
  if (place.hidden) {
    return;
  }
  const rows = cluster.groups.map(group => {
    const here = group.role !== 'elsewhere';
    const cells = [
      group.leader === null || group.leader === undefined ? (here ? 'nobody known' : '–') : `node ${group.leader}`,
      here ? count(group.term) : '–',
      here ? count(group.leaderChanges) : '–',
      here ? count(group.committed) : '–',
      count(lag(group)),
      group.role,
    ];
    return html('tr', {class: group.failure || ['closed', 'removed'].includes(group.role) ? 'bad' : ''},
      html('th', {scope: 'row'}, String(group.shard)),
      ...cells.map(cell => html('td', {}, cell)));
  });
  place.replaceChildren(html('table', {},
    html('thead', {}, html('tr', {}, ...HEADS.map(head => html('th', {scope: 'col'}, head)))),
    html('tbody', {}, ...rows)));
}

// Prints the expressions of the Grafana dashboard as a file of Prometheus rules, for promtool to read.
import { readFileSync } from 'node:fs';

const file = new URL('../helm/keyval/files/dashboard.json', import.meta.url);
const rules = JSON.parse(readFileSync(file, 'utf8')).panels.flatMap((panel) =>
  (panel.targets ?? []).map(({ refId, expr }) => ({
    record: `panel_${panel.id}_${refId}`,
    expr: expr.replaceAll('$__rate_interval', '1m'),
  })),
);
console.log(JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));

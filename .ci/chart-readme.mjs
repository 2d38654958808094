// Writes helm/keyval/README.md from the comments of values.yaml; with --check, fails if it is not what
// would be written. Needs nothing but Node.
import { readFileSync, writeFileSync } from 'node:fs';

const chart = new URL('../helm/keyval/', import.meta.url);
const read = (name) => readFileSync(new URL(name, chart), 'utf8');

const KEY = /^( *)([A-Za-z][\w.]*):(?: (.*))?$/;

/** The keys of values.yaml in order: path, comment, and either a value or children. */
function parse(text) {
  const entries = [];
  const open = [];
  let comment = [];
  for (const line of text.split('\n')) {
    const key = KEY.exec(line);
    if (line.trim().startsWith('#')) {
      comment.push(line.trim().replace(/^# ?/, ''));
    } else if (line.trim() === '') {
      comment = [];
    } else if (key) {
      const [, indent, name, value] = key;
      while (open.length > 0 && open.at(-1).indent >= indent.length) {
        open.pop();
      }
      const parent = open.at(-1);
      const entry = {
        indent: indent.length,
        path: parent ? `${parent.path}.${name}` : name,
        comment: comment.join(' '),
        value,
        items: [],
        parent,
      };
      entries.push(entry);
      open.push(entry);
      comment = [];
    } else if (/^ *- /.test(line)) {
      open.at(-1).items.push(line.trim().slice(2));
    } else {
      throw new Error(`values.yaml has a line that cannot be read: ${line}`);
    }
  }
  return entries;
}

const escape = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function rows(entries) {
  const parents = new Set(entries.map((entry) => entry.parent));
  const told = entries.filter((entry) => entry.comment !== '' || !parents.has(entry));
  return told.map((entry) => {
    if (parents.has(entry)) {
      return `| **${entry.path}** | | ${escape(entry.comment)} |`;
    }
    let described = entry;
    while (described && described.comment === '') {
      described = described.parent;
    }
    if (!described) {
      throw new Error(`values.yaml says nothing about ${entry.path}, nor about what it is part of`);
    }
    const value = entry.items.length > 0 ? `[${entry.items.join(', ')}]` : (entry.value ?? '');
    return `| ${entry.path} | \`${value.replaceAll('|', '\\|')}\` | ${escape(entry.comment)} |`;
  });
}

const about = Object.fromEntries(
  [...read('Chart.yaml').matchAll(/^(\w+): '?(.*?)'?$/gm)].map(([, key, value]) => [key, value]),
);

const page = `<!-- Written by .ci/chart-readme.mjs from values.yaml. -->
# ${about.name}

${about.description}. Chart ${about.version}, Kubernetes ${about.kubeVersion.replace('-0', '')}, Helm 3 or 4.

\`\`\`sh
helm install keyval helm/keyval --set image.repository=registry.example.com/keyval
helm test keyval
\`\`\`

The image is built from the \`Dockerfile\` of the project. What to do when: [docs/operations.md](../../docs/operations.md).
What can be watched: [docs/monitoring.md](../../docs/monitoring.md).

## Objects

With \`mode: leader-follower\`, the default:

| object | what it is |
|---|---|
| StatefulSet \`-leader\` | one pod, id 1, takes the writes |
| StatefulSet \`-follower\` | pods numbered from 2, and that number is the id |
| Service \`-write\` | the leader, when it is ready |
| Service \`-read\` | the followers that are ready |
| Service \`-leader\` | the leader, ready or not: for followers |
| Service \`-headless\` | a name for every pod, and the scrapes |

With \`mode: cluster\`, for which [docs/cluster.md](../../docs/cluster.md) says what it is:

\`\`\`sh
helm install keyval helm/keyval --set mode=cluster,image.repository=registry.example.com/keyval
\`\`\`

| object | what it is |
|---|---|
| StatefulSet \`-cluster\` | pods numbered from 1, and that number is the id, but for those in \`cluster.newIds\` |
| ConfigMap \`-cluster\` | the settings in which pods differ: id, peers, whether it joins |
| Service \`-client\` | the nodes that are ready: any of them takes reads and writes |
| Service \`-headless\` | a name for every pod, ready or not, by which the nodes find each other; and the scrapes |

## Values

| value | default | meaning |
|---|---|---|
${rows(parse(read('values.yaml'))).join('\n')}
`;

if (process.argv.includes('--check')) {
  if (read('README.md') !== page) {
    console.error('helm/keyval/README.md is not what values.yaml says: run node .ci/chart-readme.mjs');
    process.exitCode = 1;
  }
} else {
  writeFileSync(new URL('README.md', chart), page);
}

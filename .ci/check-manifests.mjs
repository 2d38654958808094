// Reads Kubernetes manifests from standard input and fails on a field that the API does not have or a
// value of the wrong type. Kinds that are not Kubernetes' own are passed over.
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

// What the validators have looked at, by object: they know every field of the API and look for each,
// but do not mind others, so what nobody has looked at is unknown.
const watched = new WeakMap();

function watch(value) {
  if (value === null || typeof value !== 'object') {
    return value;
  }
  if (!watched.has(value)) {
    const keys = new Set();
    const proxy = new Proxy(value, {
      get(target, key) {
        keys.add(key);
        return watch(target[key]);
      },
      ownKeys(target) {
        Object.keys(target).forEach((key) => keys.add(key));
        return Reflect.ownKeys(target);
      },
    });
    watched.set(value, { keys, proxy });
  }
  return watched.get(value).proxy;
}

function unknownFields(value, path) {
  if (value === null || typeof value !== 'object' || !watched.has(value)) {
    return [];
  }
  const { keys } = watched.get(value);
  return Object.entries(value).flatMap(([key, child]) =>
    Array.isArray(value) || keys.has(key)
      ? unknownFields(child, `${path}.${key}`)
      : [`unknown field ${path}.${key}`],
  );
}

async function modelOf({ apiVersion, kind }) {
  if (!/^v1$|^(apps|policy|batch)\/|\.k8s\.io\//.test(apiVersion)) {
    return undefined;
  }
  const model = (await import(`kubernetes-models/${apiVersion}`))[kind];
  if (model === undefined) {
    throw new Error(`${apiVersion} has no kind ${kind}`);
  }
  return model;
}

async function problemsOf(manifest) {
  try {
    const Model = await modelOf(manifest);
    if (Model === undefined) {
      return [];
    }
    const model = new Model({});
    for (const [key, value] of Object.entries(manifest)) {
      model[key] = watch(value);
    }
    model.validate();
    return Object.entries(manifest).flatMap(([key, value]) => unknownFields(value, key));
  } catch (error) {
    return [error.message];
  }
}

let manifests = 0;
let problems = 0;
for (const document of parseAllDocuments(readFileSync(0, 'utf8'))) {
  for (const error of document.errors) {
    problems++;
    console.error(error.message);
  }
  const manifest = document.toJS();
  if (manifest !== null) {
    manifests++;
    for (const problem of await problemsOf(manifest)) {
      problems++;
      console.error(`${manifest.kind} ${manifest.metadata?.name}: ${problem}`);
    }
  }
}
if (manifests === 0) {
  console.error('no manifests');
}
process.exitCode = problems === 0 && manifests > 0 ? 0 : 1;

// The key browser. Keys and values are bytes: shown as text where they are text, else in hexadecimal.

import {byId, choose, chosen, setText} from './dom.js';
import {count} from './format.js';
import {confirmed, order, problem} from './session.js';

const strict = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
const toHex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
const fromHex = text => Uint8Array.from(text.match(/../g) ?? [], pair => parseInt(pair, 16));

/** The text that the bytes are, or null: an input field would change or hide control characters. */
export function asText(bytes) {
  try {
    const text = strict.decode(bytes);
    return /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/.test(text) ? null : text;
  } catch {
    return null;
  }
}

/** What an input holds, in hexadecimal; null when it says hexadecimal and is not. */
function hexOf(input, as) {
  if (chosen(as) === 'text') {
    return toHex(new TextEncoder().encode(input.value));
  }
  const hex = input.value.replace(/\s/g, '').toLowerCase();
  return /^([0-9a-f]{2})*$/.test(hex) ? hex : null;
}

export function prepareKeys() {
  const key = byId('key');
  const value = byId('value');
  const status = byId('keys-status');
  let whole = true;

  const tell = (text, bad = false) => {
    status.classList.toggle('bad', bad);
    setText(status, '');
    setText(status, text);
  };

  // Turns what stands in the field into the other notation, where that can be done.
  const convert = (input, as) => {
    if (chosen(as) === 'hex') {
      input.value = toHex(new TextEncoder().encode(input.value));
    } else {
      const hex = input.value.replace(/\s/g, '').toLowerCase();
      const text = /^([0-9a-f]{2})*$/.test(hex) ? asText(fromHex(hex)) : null;
      if (text === null) {
        choose(as, 'hex');
        tell('These bytes are not plain text; they stay in hexadecimal.', true);
      } else {
        input.value = text;
      }
    }
  };
  for (const radio of document.querySelectorAll('[name=key-as]')) {
    radio.addEventListener('change', () => convert(key, 'key-as'));
  }
  for (const radio of document.querySelectorAll('[name=value-as]')) {
    radio.addEventListener('change', () => convert(value, 'value-as'));
  }

  const run = async (action, parts, done) => {
    if (Object.values(parts).includes(null)) {
      tell('This is not hexadecimal.', true);
      return;
    }
    tell('…');
    const answer = await order(`console/key/${action}`, parts);
    if (answer.ok) {
      done(answer);
    } else {
      tell(problem(answer), answer.status !== 404);
      if (action === 'get') {
        value.value = '';
      }
    }
  };

  byId('keys').addEventListener('submit', event => {
    event.preventDefault();
    run('get', {key: hexOf(key, 'key-as')}, answer => {
      const bytes = fromHex(answer.value);
      const text = asText(bytes);
      whole = bytes.length === answer.size;
      choose('value-as', text === null ? 'hex' : 'text');
      value.value = text ?? answer.value;
      tell(`${count(answer.size)} ${answer.size === 1 ? 'byte' : 'bytes'}${whole ? '' : `, of which the first ${count(bytes.length)} are shown`}${text === null ? '; not plain text, so in hexadecimal' : ''}.`);
    });
  });

  byId('put').addEventListener('click', () => {
    if (!byId('keys').reportValidity()) {
      return;
    }
    if (!whole) {
      tell('What stands here is only the beginning of a value: not written.', true);
      return;
    }
    run('put', {key: hexOf(key, 'key-as'), value: hexOf(value, 'value-as')}, () => tell('Written.'));
  });
  key.addEventListener('input', () => {
    whole = true;
  });

  byId('delete').addEventListener('click', async () => {
    if (!byId('keys').reportValidity()) {
      return;
    }
    const sure = await confirmed({
      title: 'Delete this key?',
      text: `“${key.value}” and its value are removed on every node that has them.`,
      action: 'Delete',
    });
    if (sure) {
      run('delete', {key: hexOf(key, 'key-as')}, () => {
        value.value = '';
        tell('Deleted.');
      });
    }
  });

  return {
    /** Lets only be done what this node does for who is signed in. */
    allow(canRead, canWrite) {
      byId('keys-fields').disabled = !canRead;
      byId('put').disabled = !canWrite;
      byId('delete').disabled = !canWrite;
      if (!canRead) {
        value.value = '';
        tell('');
      }
    },
  };
}

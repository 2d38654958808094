// Who is signed in. The secret is in this module's memory only: no cookie, no storage.

import {byId, setText} from './dom.js';

let authorization = null;
const listeners = [];

export const signedIn = () => authorization !== null;

export function onSession(listener) {
  listeners.push(listener);
}

function become(value) {
  authorization = value;
  listeners.forEach(listener => listener());
}

/** A request to this node, signed where somebody is signed in; the browser adds nothing of its own. */
export function ask(path, {method = 'GET', body, as = authorization, timeout = 60000} = {}) {
  const headers = {Accept: 'application/json'};
  if (as) {
    headers.Authorization = as;
  }
  if (body) {
    headers['Content-Type'] = 'application/json';
  }
  return fetch(path, {
    method,
    headers,
    body: body && JSON.stringify(body),
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
    signal: AbortSignal.timeout(timeout),
  });
}

/** Asks for something to be done, and answers {status, ...what was told}; status 0 is no answer. */
export async function order(path, body) {
  try {
    const response = await ask(path, {method: 'POST', body});
    if (response.status === 401) {
      signOut();
    }
    const told = await response.json().catch(() => ({}));
    return {...told, status: response.status, ok: response.ok};
  } catch {
    return {status: 0, ok: false, error: 'The node did not answer; it is not known whether it was done.'};
  }
}

/** What to tell of an answer that is none. */
export function problem(answer) {
  return answer.error
    ?? (answer.status === 401 ? 'Signed out: the node does not take this secret.' : `The node answered with status ${answer.status}.`);
}

export function signOut() {
  become(null);
}

function basic(secret) {
  const text = new TextEncoder().encode(`keyval:${secret}`);
  return `Basic ${btoa(Array.from(text, byte => String.fromCharCode(byte)).join(''))}`;
}

export function prepareSignIn() {
  const dialog = byId('sign-in');
  const secret = byId('secret');
  const status = byId('sign-in-status');
  byId('plain').hidden = window.isSecureContext;
  dialog.querySelector('.cancel').addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => {
    secret.value = '';
    setText(status, '');
  });
  dialog.querySelector('form').addEventListener('submit', async event => {
    event.preventDefault();
    const as = basic(secret.value);
    try {
      const response = await ask('console/access', {as, timeout: 10000});
      if (response.ok) {
        become(as);
        dialog.close();
        return;
      }
      setText(status, response.status === 401 ? 'This is not the secret.'
        : response.status === 429 ? 'Too many wrong secrets were tried from here: wait a minute.'
        : `The node answered with status ${response.status}.`);
    } catch {
      setText(status, 'The node does not answer.');
    }
    secret.select();
  });
  byId('sign').addEventListener('click', () => signedIn() ? signOut() : dialog.showModal());
}

/**
 * Asks whether to go on. Answers null for no, otherwise {force}.
 *
 * @param problem why it was refused before; with it comes the choice of doing it all the same
 */
export function confirmed({title, text, action, problem = null, force = ''}) {
  const dialog = byId('confirm');
  const check = byId('confirm-force');
  setText(byId('confirm-title'), title);
  setText(byId('confirm-text'), text);
  setText(byId('confirm-problem'), problem ?? '');
  byId('confirm-problem').hidden = problem === null;
  check.hidden = problem === null;
  check.querySelector('input').checked = false;
  setText(check.querySelector('span'), force);
  setText(dialog.querySelector('[type=submit]'), action);
  return new Promise(resolve => {
    let answer = null;
    const form = dialog.querySelector('form');
    form.onsubmit = () => {
      answer = {force: check.querySelector('input').checked};
    };
    dialog.querySelector('.cancel').onclick = () => dialog.close();
    dialog.onclose = () => resolve(answer);
    dialog.showModal();
    dialog.querySelector('.cancel').focus();
  });
}

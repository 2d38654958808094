// Makes elements. Text is only ever set as text: nothing that a node tells is read as markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      node.setAttribute(name, value === true ? '' : String(value));
    }
  }
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
}

export function html(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

export function byId(id) {
  return document.getElementById(id);
}

// Changes the text only where it is another one, so that screen readers are not told it again.
export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

// The value of the chosen radio button of a group.
export function chosen(group) {
  return document.querySelector(`input[name="${group}"]:checked`).value;
}

export function choose(group, value) {
  document.querySelector(`input[name="${group}"][value="${value}"]`).checked = true;
}

/**
 * The script of the live page, beside that of the report: starts runs, and puts what has changed of a run into the page. Plain
 * JavaScript that a test checks with TypeScript against the DOM's types.
 *
 * The server sends the whole run each time. A part that is the same as before stays as it is, so that a step which somebody
 * has opened is not closed, nor the focus lost, while others arrive.
 */
export const liveScript = `
'use strict';
(() => {
  const form = document.getElementById('scenario');
  const status = document.getElementById('status');
  const place = document.getElementById('report');
  if (!(form instanceof HTMLFormElement) || !status || !place) return;
  const button = form.querySelector('button');

  /** @param {string} name */
  const field = (name) => /** @type {HTMLSelectElement} */ (form.elements.namedItem(name));

  // The id of this page at the server; empty while there is no connection.
  let page = '';
  let running = false;
  // The page scrolls with the diagram until the reader does something.
  let following = false;
  for (const name of ['wheel', 'touchstart', 'pointerdown', 'keydown']) {
    addEventListener(name, () => (following = false), { passive: true });
  }

  /**
   * @param {boolean} now
   * @param {string} words
   */
  const setRunning = (now, words) => {
    running = now;
    place.dataset.running = String(now);
    // Not disabled: that would take the focus away from it.
    if (button) button.setAttribute('aria-disabled', String(now || page === ''));
    if (status.textContent !== words) status.textContent = words;
  };

  // Only what can happen to the chosen user can be chosen.
  const fit = () => {
    const [user] = field('user').selectedOptions;
    const kind = (user && user.dataset.fits) || '';
    for (const select of [field('fault'), field('route')]) {
      for (const option of select.options) {
        const { fits } = option.dataset;
        option.disabled = fits !== undefined && !fits.split(' ').includes(kind);
        option.hidden = option.disabled;
      }
      for (const group of select.querySelectorAll('optgroup')) {
        group.hidden = [...group.children].every((option) => option instanceof HTMLOptionElement && option.hidden);
      }
      const [chosen] = select.selectedOptions;
      if (!chosen || chosen.disabled) select.selectedIndex = 0;
    }
    const [fault] = field('fault').selectedOptions;
    field('route').disabled = !fault || fault.dataset.way === undefined;
  };
  form.addEventListener('change', fit);
  fit();

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (running || page === '') return;
    following = true;
    setRunning(true, 'Running …');
    const body = JSON.stringify({
      page,
      user: field('user').value,
      fault: field('fault').value,
      route: field('route').value,
      pauseMs: Number(field('pause').value),
    });
    try {
      const answer = await fetch('runs', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      if (!answer.ok) setRunning(false, 'Not started: ' + (await answer.text()));
    } catch {
      setRunning(false, 'Not started: the simulator does not answer.');
    }
  });

  /** @typedef {{ key: string, html: string, open: boolean, element: Element }} Part */
  /** What the server sent last of each part, and where it stands. @type {Map<string, Part>} */
  const parts = new Map();

  /** @param {Element} run */
  const partsOf = (run) =>
    [...run.querySelectorAll(':scope > :not(.step-by-step), .timeline, .step')].map((element) => ({
      key: element.id || element.getAttribute('aria-labelledby') || element.className,
      html: element.outerHTML,
      open: element.hasAttribute('open'),
      element,
    }));

  /**
   * @param {Part} before
   * @param {Element} next
   */
  const replace = ({ element: old, open }, next) => {
    const focus = old.contains(document.activeElement) ? document.activeElement : null;
    const scrolls = [old, old.querySelector('.scroll')].map((one) => (one ? [one.scrollLeft, one.scrollTop] : [0, 0]));
    const current = old.querySelector('[aria-current]');
    // As the reader left it, if the reader did.
    if (old.hasAttribute('open') !== open) next.toggleAttribute('open', !open);
    old.replaceWith(next);
    [next, next.querySelector('.scroll')].forEach((one, index) => {
      if (one) one.scrollTo(...(/** @type {[number, number]} */ (scrolls[index])));
    });
    for (const link of next.querySelectorAll('a')) {
      const href = link.getAttribute('href');
      if (current && href === current.getAttribute('href')) link.setAttribute('aria-current', 'step');
      if (focus && href === focus.getAttribute('href')) link.focus({ preventScroll: true });
    }
    const summary = next.querySelector('summary');
    if (summary && focus && focus.matches('summary')) summary.focus({ preventScroll: true });
  };

  /**
   * @param {string} html of a run
   * @param {boolean} first
   */
  const show = (html, first) => {
    const template = document.createElement('template');
    template.innerHTML = html;
    const run = template.content.firstElementChild;
    if (!run) return;
    const next = partsOf(run);
    if (first) {
      parts.clear();
      place.replaceChildren(run);
    }
    for (const part of next) {
      const { key, html: now, element } = part;
      const before = parts.get(key);
      if (before && before.html === now) continue;
      parts.set(key, part);
      if (first) continue;
      if (before) replace(before, element);
      else {
        element.classList.add('arrived');
        const end = place.querySelector('.step.end');
        if (end) end.before(element);
      }
    }
    document.dispatchEvent(new Event('report:changed'));
  };

  const source = new EventSource('events');
  source.addEventListener('ready', ({ data }) => {
    page = data;
    setRunning(false, 'Choose, then run.');
  });
  source.addEventListener('run', ({ data }) => {
    const { html, status: words, first, over } = JSON.parse(data);
    show(html, first);
    setRunning(!over, words);
    const end = over ? place : place.querySelector('.sequence .alternative');
    if (following && end) end.scrollIntoView({ block: over ? 'start' : 'nearest' });
  });
  source.addEventListener('failed', ({ data }) => setRunning(false, JSON.parse(data)));
  source.addEventListener('stopped', () => {
    source.close();
    page = '';
    setRunning(false, 'The simulator has stopped.');
  });
  source.addEventListener('error', () => {
    page = '';
    setRunning(false, 'There is no connection to the simulator.');
  });
})();
`

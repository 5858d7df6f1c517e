/**
 * The script of the report: search, open and close, theme, copy. Everything else works without it. Plain JavaScript that a test
 * checks with TypeScript against the DOM's types. Changing it changes {@link scriptHash}: a test names the new one.
 *
 * It listens on the document, so fragments of `renderRun` that come later are served, too; whoever adds one dispatches the event
 * `report:changed` on the document.
 */
export const reportScript = `
'use strict';
(() => {
  const root = document.documentElement;
  root.classList.add('scripted');

  /** @param {string} selector */
  const all = (selector) => /** @type {HTMLElement[]} */ ([...document.querySelectorAll(selector)]);
  /** @param {string} selector */
  const allDetails = (selector) => /** @type {HTMLDetailsElement[]} */ ([...document.querySelectorAll(selector)]);

  // Theme: as the system has it, light, dark.
  const themes = ['system', 'light', 'dark'];
  let theme = 0;
  /** @param {HTMLElement} button */
  const nextTheme = (button) => {
    theme = (theme + 1) % themes.length;
    root.dataset.theme = themes[theme];
    button.textContent = 'Theme: ' + themes[theme];
  };

  /** @param {boolean} open */
  const openAll = (open) => {
    for (const step of allDetails('details.step')) step.open = open;
  };

  // A link to a step opens it, with what is around it.
  const openTarget = () => {
    const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
    for (let around = target; around; around = around.parentElement) {
      if (around instanceof HTMLDetailsElement) around.open = true;
    }
    if (target) target.scrollIntoView();
    const summary = target && target.querySelector('summary');
    if (summary) summary.focus({ preventScroll: true });
  };

  /** @param {HTMLElement} button */
  const show = (button) => {
    const exchange = button.closest('.exchange');
    if (!(exchange instanceof HTMLElement)) return;
    exchange.dataset.view = button.dataset.show;
    for (const other of exchange.querySelectorAll('[data-show]')) {
      other.setAttribute('aria-pressed', String(other === button));
    }
  };

  /** @param {HTMLElement} button */
  const copy = async (button) => {
    const source = document.getElementById(button.dataset.copy || '');
    const status = button.nextElementSibling;
    if (!source || !status) return;
    try {
      await navigator.clipboard.writeText(source.textContent || '');
      status.textContent = 'Copied.';
    } catch {
      // Not every browser lets a page from disk write to the clipboard; the selection can be copied by hand.
      const selection = getSelection();
      if (selection) selection.selectAllChildren(source);
      status.textContent = 'Selected: copy it with the keyboard.';
    }
  };

  // Search: steps without the words are hidden, the words are marked in the others.
  const search = document.getElementById('search');
  const found = document.getElementById('found');
  /** @type {Range[]} */
  let hits = [];
  let nextHit = 0;

  /**
   * @param {HTMLElement} element
   * @param {string} words in lower case
   */
  const rangesIn = (element, words) => {
    /** @type {Range[]} */
    const ranges = [];
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = (node.nodeValue || '').toLowerCase();
      for (let at = text.indexOf(words); at !== -1; at = text.indexOf(words, at + words.length)) {
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + words.length);
        ranges.push(range);
      }
    }
    return ranges;
  };

  const runSearch = () => {
    if (!(search instanceof HTMLInputElement) || !found) return;
    const words = search.value.trim().toLowerCase();
    const steps = all('.step');
    let left = 0;
    hits = [];
    nextHit = 0;
    for (const step of steps) {
      const has = words === '' || (step.textContent || '').toLowerCase().includes(words);
      step.hidden = !has;
      if (has) left += 1;
      if (has && words !== '') {
        hits.push(...rangesIn(step, words));
        if (step instanceof HTMLDetailsElement) step.open = true;
      }
      for (const link of all('.timeline a')) {
        if (link.getAttribute('href') === '#' + step.id && link.parentElement) link.parentElement.hidden = !has;
      }
    }
    for (const range of hits) {
      const parent = range.startContainer.parentElement;
      for (let around = parent; around; around = around.parentElement) {
        if (around instanceof HTMLDetailsElement) around.open = true;
        // What was found in the raw form only would stay unseen.
        if (around.classList.contains('raw')) {
          const button = around.closest('.exchange')?.querySelector('[data-show="both"]');
          if (button instanceof HTMLElement) show(button);
        }
      }
    }
    if ('highlights' in CSS) CSS.highlights.set('found', new Highlight(...hits));
    found.textContent = words === '' ? '' : left + ' of ' + steps.length + ' steps';
  };

  const goToHit = () => {
    const hit = hits[nextHit % Math.max(1, hits.length)];
    nextHit += 1;
    if (hit && hit.startContainer.parentElement) hit.startContainer.parentElement.scrollIntoView({ block: 'center' });
  };

  // The step being read is marked in the timeline.
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        for (const link of all('.timeline a')) {
          if (link.getAttribute('href') === '#' + target.id) link.setAttribute('aria-current', 'step');
          else if (link.closest('.run') === target.closest('.run')) link.removeAttribute('aria-current');
        }
      }
    },
    { rootMargin: '-15% 0px -75% 0px' },
  );
  const observe = () => {
    for (const step of all('.step')) observer.observe(step);
  };
  observe();

  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('button') : null;
    if (button) {
      if (button.id === 'theme') nextTheme(button);
      else if (button.id === 'open-all') openAll(true);
      else if (button.id === 'close-all') openAll(false);
      else if (button.dataset.show) show(button);
      else if (button.dataset.copy) void copy(button);
      return;
    }
    // The hash does not change when the same link is followed again.
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link && (link.getAttribute('href') || '').startsWith('#')) setTimeout(openTarget);
  });

  document.addEventListener('keydown', (event) => {
    const { target, key } = event;
    if (key === '/' && !(target instanceof HTMLInputElement) && search) {
      event.preventDefault();
      search.focus();
    }
    if (target === search && key === 'Enter') goToHit();
    if (target === search && key === 'Escape' && search instanceof HTMLInputElement) {
      search.value = '';
      runSearch();
    }
    const timeline = target instanceof Element ? target.closest('.timeline') : null;
    if (timeline && (key === 'ArrowDown' || key === 'ArrowUp')) {
      const links = /** @type {HTMLElement[]} */ ([...timeline.querySelectorAll('li:not([hidden]) > a')]);
      const at = links.findIndex((link) => link === target);
      const next = links[at + (key === 'ArrowDown' ? 1 : -1)];
      if (next) {
        event.preventDefault();
        next.focus();
      }
    }
  });

  if (search) search.addEventListener('input', runSearch);
  addEventListener('hashchange', openTarget);
  document.addEventListener('report:changed', () => {
    observe();
    runSearch();
  });

  // On paper nothing can be opened.
  /** @type {HTMLDetailsElement[]} */
  let closed = [];
  addEventListener('beforeprint', () => {
    closed = allDetails('details:not([open])');
    for (const details of closed) details.open = true;
  });
  addEventListener('afterprint', () => {
    for (const details of closed) details.open = false;
  });

  openTarget();
})();
`

/** For the Content-Security-Policy. */
export const scriptHash = 'sha256-jkoe8eJi35jIn+ciY4s+JSyFJt1bQPqjID1qaVMywdU='

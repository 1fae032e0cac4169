// Somebody in front of the page: presses what is shown, reads what is said, and notes every fault.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { checkScreen } from './screens.mjs';

/** How long something is waited for, in milliseconds. */
const PATIENCE = 30_000;

export class Visitor {
  /** Faults of the page that no test asked for: policy violations, uncaught errors. */
  faults = [];

  static async open(launched, url) {
    const page = await launched.browser.newPage();
    const visitor = new Visitor();
    Object.assign(visitor, { page, launched });
    page.setDefaultTimeout(15_000);
    await page.setViewport({ width: 1280, height: 860 });
    page.on('pageerror', (error) => visitor.faults.push(`uncaught: ${error.message}`));
    page.on('console', (message) => {
      if (/content.security.policy|trusted.?type/i.test(message.text()))
        visitor.faults.push(message.text());
    });
    // The reports themselves, from before the page's first line on.
    await page.evaluateOnNewDocument(() => {
      globalThis.policyViolations = [];
      addEventListener('securitypolicyviolation', (event) => {
        globalThis.policyViolations.push(
          `${event.violatedDirective} ${event.blockedURI} ${event.sample}`,
        );
      });
      // A visitor who opens a page means to work in it, whichever page was open before.
      new MutationObserver(() => {
        const button = globalThis.staysBehind ? null : document.querySelector('[data-take-over]');
        if (button && !button.disabled) button.click();
      }).observe(document, { childList: true, subtree: true, attributes: true });
    });
    if (url) await visitor.go(url);
    return visitor;
  }

  /** A page at the KEK's screen, the token unlocked. */
  static async atKek(launched, url) {
    const visitor = await Visitor.open(launched, url);
    await visitor.unlock();
    await visitor.press('Continue');
    await visitor.screen('kek');
    return visitor;
  }

  async go(url) {
    await this.#gather();
    await this.page.goto(url, { waitUntil: 'load' });
    await this.screen();
  }

  async reload() {
    await this.#gather();
    await this.page.reload({ waitUntil: 'load' });
    await this.screen();
  }

  /** Waits for a screen and gives its name; `name` waits for that one. */
  async screen(name) {
    const selector = name ? `[data-screen=${name}] h1` : '[data-screen] h1';
    await this.page.waitForSelector(selector);
    return this.page.$eval('[data-screen]', (element) => element.dataset.screen);
  }

  /** axe, overflow at both widths, and pictures. */
  async check(name) {
    await checkScreen(this, name);
  }

  /** Presses the button that is called so. */
  async press(name) {
    const handle = await this.page.waitForSelector(
      `::-p-xpath(//button[contains(normalize-space(.), "${name}")][not(@disabled)])`,
      {
        visible: true,
      },
    );
    await handle.click();
  }

  /** Unlocks the token from the first screen, unless that was done: a new page locks nothing. */
  async unlock() {
    await this.wait('[data-screen=connect] .button-primary');
    if (!(await this.page.$('.chip-unlocked'))) await this.press('Unlock the token');
    await this.wait('.chip-unlocked');
  }

  /** Gives a KEK's file, which is admitted. */
  async giveKek(path) {
    await this.choose(path);
    await this.wait('.verdict-good');
  }

  /** Chooses the key of this label, or the first. */
  async pick(label = '') {
    await this.screen('key');
    const row = await this.wait(`::-p-xpath(//label[input[@name="key"]][contains(., "${label}")])`);
    await row.click();
    await this.wait('.key-chosen');
  }

  /** From the keys to the review of the one of this label, or of the first. */
  async review(label) {
    await this.pick(label);
    await this.press('Continue');
    await this.screen('review');
  }

  /** From an admitted KEK to the choice of many keys. */
  async manyKeys() {
    await this.press('Many keys');
    await this.screen('batch');
    await this.wait('kf-rows [role=option]');
  }

  /** From the choice of many keys to the plan of those that the filter shows, so many; gives the plan's number. */
  async plan(count, filter, tags) {
    if (filter) await this.fill('#filter', filter);
    await this.press(`Choose all ${count} shown`);
    if (tags) await this.page.type('#batch-tags', tags);
    await this.press('Make the plan');
    await this.reads('h1', `${count} keys would travel`);
    return (await this.text('.thumbprint .digits')).replace(/\s+/g, '');
  }

  async wait(selector) {
    return this.page.waitForSelector(selector, { visible: true });
  }

  async text(selector) {
    const handle = await this.wait(selector);
    // biome-ignore lint/performance/useDomNodeTextContent: what a person sees counts, not what is hidden.
    return handle.evaluate((element) => element.innerText);
  }

  /** Waits until the text of an element holds these words. */
  async reads(selector, words) {
    const until = Date.now() + PATIENCE;
    for (;;) {
      const text = await this.text(selector);
      if (text.includes(words)) return text;
      if (Date.now() > until)
        assert.fail(`${selector} reads ${JSON.stringify(text)}, not ${words}`);
      await pause(50);
    }
  }

  async choose(path) {
    const input = await this.page.waitForSelector('input[type=file]');
    await input.uploadFile(path);
  }

  /** Drops a file as the desktop does, with its bytes made in the page. */
  async drop(name, bytes) {
    await this.page.evaluate(
      (fileName, content) => {
        const data = new DataTransfer();
        const body =
          typeof content === 'number' ? new Uint8Array(content) : Uint8Array.from(content);
        data.items.add(new File([body], fileName));
        document
          .querySelector('.drop')
          .dispatchEvent(
            new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }),
          );
      },
      name,
      typeof bytes === 'number' ? bytes : [...bytes],
    );
  }

  /** Presses Stop, and waits until the bridge has heard of it. */
  async stop() {
    const heard = this.page.waitForResponse((answer) => answer.url().endsWith('/stop'));
    await Promise.all([heard, this.press('Stop')]);
  }

  async fill(selector, text) {
    const field = await this.wait(selector);
    await field.evaluate((element) => element.select());
    await field.type(text);
  }

  /** Waits for a whole file in the downloads. */
  async downloaded(name) {
    const path = join(this.launched.downloads, name);
    const until = Date.now() + PATIENCE;
    while (Date.now() < until) {
      const partial = readdirSync(this.launched.downloads).some((file) =>
        /\.(part|crdownload)$/.test(file),
      );
      if (existsSync(path) && !partial && readFileSync(path).length > 0) return path;
      await pause(50);
    }
    return assert.fail(`${name} did not arrive: ${readdirSync(this.launched.downloads)}`);
  }

  /** What has the focus: its role-like tag and its text. */
  focused() {
    return this.page.evaluate(() => {
      const element = document.activeElement;
      // biome-ignore lint/performance/useDomNodeTextContent: what a person sees counts, not what is hidden.
      const name = element?.getAttribute('aria-label') ?? element?.innerText ?? '';
      return {
        tag: element?.tagName ?? '',
        id: element?.id ?? '',
        text: name.trim().replace(/\s+/g, ' '),
      };
    });
  }

  /** Tab, until what has the focus is called so. */
  async tabTo(words, key = 'Tab') {
    const seen = [];
    for (let steps = 0; steps < 60; steps++) {
      await this.page.keyboard.press(key);
      const at = await this.focused();
      seen.push(`${at.tag} ${at.text}`);
      if (at.text.includes(words) || at.id === words) return;
    }
    assert.fail(`the keyboard does not reach ${words}: ${seen.join(' | ')}`);
  }

  /** Ends the visit; a page that broke its policy or threw fails the test. */
  async leave() {
    await this.#gather();
    await this.page.close();
    assert.deepEqual(this.faults, []);
  }

  async #gather() {
    const violations = await this.page.evaluate(() => globalThis.policyViolations ?? []);
    this.faults.push(...violations);
  }
}

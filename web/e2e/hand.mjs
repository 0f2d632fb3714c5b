// Two ways to use a page: with a mouse, and by keyboard alone. A journey that takes a hand is walked with both.
import assert from 'node:assert/strict';

/** More than any page has stops on the demo: lists are one stop each. */
const tabsMax = 200;

/** What one does with a mouse. */
export function mouse() {
  return {
    use: (control) => control.click(),
    type: async (field, text) => {
      await field.click();
      await field.fill(text);
    },
  };
}

/** The same without one: everything is reached with Tab, and shows that it was. */
export function keyboard(page) {
  const reach = async (control) => {
    for (let n = 0; n < tabsMax; n += 1) {
      if (await control.evaluate((one) => one === document.activeElement)) return;
      await page.keyboard.press('Tab');
      const lost = await page.evaluate(async () => {
        const one = document.activeElement;
        if (!one || one === document.body) return undefined;
        // Styles that come with the focus are there with the next frame.
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const drawn = (element, part) => {
          const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element, part);
          return (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
        };
        // A row shows it for its link, a field by its border.
        const places = [one, one.closest('li, tr')].filter(Boolean);
        const shown = places.some((place) => [undefined, '::after', '::before'].some((part) => drawn(place, part)));
        const { bottom, top } = one.getBoundingClientRect();
        const inView = bottom > 0 && top < innerHeight;
        return (shown || one.matches('input, textarea, select')) && inView ? undefined : one.outerHTML.slice(0, 120);
      });
      assert.equal(lost, undefined, 'what has the focus does not show it');
    }
    throw new Error(`not reached with ${tabsMax} times Tab: ${control}`);
  };
  return {
    use: async (control) => {
      await control.waitFor();
      await reach(control);
      await page.keyboard.press('Enter');
    },
    type: async (field, text) => {
      await field.waitFor();
      await reach(field);
      await page.keyboard.press('Control+a');
      await page.keyboard.type(text);
    },
  };
}

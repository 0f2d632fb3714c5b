import { expect, test } from 'vitest';
import { type Answer, type Question, seek } from './seek';

const second = 1000;
const begin = Date.parse('2026-11-01T00:00:00Z');
/** Between two buckets of whatever length. */
const asked = begin + 7_654_321;
const steps = [1, 2, 5, 10, 30, 60, 300, 900, 3600, 21_600, 86_400].map((s) => s * second);

/** A server with samples at these times, newest first; its cursor is the number of the last one. */
function server(times: number[], days: number) {
  const questions: Question[] = [];
  const ask = async (question: Question): Promise<Answer> => {
    questions.push(question);
    const to = question.end ? Date.parse(question.end) : begin + days * 86_400 * second;
    let from = question.start ? Date.parse(question.start) : asked;
    const step = steps.find((one) => (to - from) / one <= question.buckets) ?? 86_400 * second;
    if (question.buckets > 0) from = Math.floor(from / step) * step;
    const at = times.map((time, index) => ({ time, index })).filter(({ time }) => time >= from && time < to);
    const rest = at.filter(({ index }) => question.cursor === '' || index > Number(question.cursor));
    const page = rest.slice(0, question.limit);
    const next = rest.length > page.length ? String(page.at(-1)?.index) : undefined;
    if (question.buckets === 0) return { next, curve: undefined };
    const counts = Array.from(
      { length: Math.ceil((to - from) / step) },
      (_, bucket) => at.filter(({ time }) => Math.floor((time - from) / step) === bucket).length,
    );
    return { next, curve: { start: new Date(from).toISOString(), step_seconds: step / second, counts } };
  };
  return { ask, questions };
}

/** Uneven, and reproducible. */
function times(count: number, days: number): number[] {
  let seed = 7;
  const next = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  return Array.from({ length: count }, () => begin + Math.floor(next() ** 4 * days * 86_400 * second)).sort(
    (a, b) => b - a,
  );
}

test('every page is found where walking would have found it', async () => {
  const all = times(30_000, 30);
  for (const skip of [1, 50, 100, 101, 150, 1_000, 12_345, 29_950, 29_999]) {
    const { ask, questions } = server(all, 30);
    expect(await seek(skip, 120, ask), `skip ${skip}`).toBe(String(skip - 1));
    expect(questions.length, `skip ${skip}`).toBeLessThan(15);
  }
});

test('a storm within one second is walked', async () => {
  const storm = Array.from({ length: 900 }, (_, n) => asked + 5_003 - (n % 3)).sort((a, b) => b - a);
  const { ask } = server(storm, 1);
  expect(await seek(850, 120, ask)).toBe('849');
});

test('a page behind the last one is none', async () => {
  const all = times(300, 3);
  expect(await seek(300, 120, server(all, 3).ask)).toBe('');
  expect(await seek(301, 120, server(all, 3).ask)).toBe('');
  expect(await seek(0, 120, server(all, 3).ask)).toBe('');
});

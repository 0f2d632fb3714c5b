import { expect, test } from 'vitest';
import { forbidden, proved, standing } from './permission';

const ada = { name: 'ada', method: 'password', role: 'admin', may_triage: true, may_admin: true };
const guest = { name: 'somebody', method: 'anonymous', role: 'read', may_triage: false, may_admin: false };

test('whoever may change errors is not told anything, and neither is anybody before it is known', () => {
  expect(forbidden(ada)).toBeUndefined();
  expect(forbidden(undefined)).toBeUndefined();
});

test('whoever may only look is told why', () => {
  expect(forbidden(guest)).toContain('does not log in');
  expect(forbidden({ ...ada, role: 'read', may_triage: false, may_admin: false })).toBe(
    'ada may only look: the role is read, and changes need triage',
  );
});

test('only a login proves a name', () => {
  expect(proved(ada)).toBe('ada');
  expect(proved(guest)).toBeUndefined();
  expect(proved(undefined)).toBeUndefined();
  expect(standing(ada)).toBe('Logged in with a password, role admin');
});

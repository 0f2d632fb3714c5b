// Whether whoever looks at the page may change what they see, and in which words they are told why not.

interface Whoami {
  name: string;
  method: string;
  role: string;
  may_triage: boolean;
  may_admin: boolean;
}

/** Why errors can not be changed; undefined where they can, or where that is not known yet. */
export function forbidden(whoami: Whoami | undefined): string | undefined {
  if (whoami === undefined || whoami.may_triage) return undefined;
  return whoami.method === 'anonymous'
    ? 'Whoever does not log in may only look at this server. Whoever runs it can allow more: docs/security.md'
    : `${whoami.name} may only look: the role is ${whoami.role}, and changes need triage`;
}

/** Why a backup can not be taken along; undefined where it can, or where that is not known yet. */
export function notOperator(whoami: Whoami | undefined): string | undefined {
  if (whoami === undefined || whoami.may_admin) return undefined;
  return `Backups are for the role admin; yours is ${whoami.role}`;
}

/** The name that somebody logged in with; undefined for those who did not. */
export function proved(whoami: Whoami | undefined): string | undefined {
  return whoami === undefined || whoami.method === 'anonymous' ? undefined : whoami.name;
}

const ways: Record<string, string> = { password: 'with a password', token: 'with an API token', proxy: 'by the proxy' };

/** How they logged in, and what they may. */
export function standing({ method, role }: Whoami): string {
  return `Logged in ${ways[method] ?? ''}, role ${role}`.replace('  ', ' ');
}

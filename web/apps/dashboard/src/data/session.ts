/** The API key of this tab, for servers that ask for one. It is forgotten when the tab closes. */

const slot = "renown.key";
const listeners = new Set<() => void>();

export function key(): string | null {
  return sessionStorage.getItem(slot);
}

export function signIn(secret: string): void {
  sessionStorage.setItem(slot, secret);
  tell();
}

export function signOut(): void {
  sessionStorage.removeItem(slot);
  tell();
}

export function onSession(listener: () => void): void {
  listeners.add(listener);
}

function tell(): void {
  for (const listener of listeners) listener();
}

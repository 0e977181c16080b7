/** Storage that may be forbidden, full, or filled by something else: then it is simply empty. */
export function load<T>(key: string, fallback: T, area: Storage = localStorage): T {
  try {
    const value = area.getItem(key);
    return value === null ? fallback : (JSON.parse(value) as T);
  } catch {
    return fallback;
  }
}

export function save(key: string, value: unknown, area: Storage = localStorage): void {
  try {
    area.setItem(key, JSON.stringify(value));
  } catch {
    // A console without a memory still works.
  }
}

export function forget(key: string, area: Storage = localStorage): void {
  try {
    area.removeItem(key);
  } catch {
    // As above.
  }
}

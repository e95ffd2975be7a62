/** Returns one line for each import, or call, that breaks the floors. */
export function breaches(root: string): string[];

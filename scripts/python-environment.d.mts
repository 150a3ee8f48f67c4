export function pythonEnvironment(requirements: string): string;
export function must(command: string, args: string[], env?: NodeJS.ProcessEnv): string;

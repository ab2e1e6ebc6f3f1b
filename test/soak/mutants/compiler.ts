/** Whether the compiler accepts a mutation. One that it refuses cannot get into the tree, and needs no test. */
import { resolve } from 'node:path';
import ts from 'typescript';

export class Compiler {
  readonly #service: ts.LanguageService;
  readonly #mutated = new Map<string, { version: number; text: string | undefined }>();

  /** @param root the folder with tsconfig.json */
  constructor(root: string) {
    const file = resolve(root, 'tsconfig.json');
    const { config } = ts.readConfigFile(file, (path) => ts.sys.readFile(path)) as { config: unknown };
    const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    this.#service = ts.createLanguageService({
      getCompilationSettings: () => options,
      getScriptFileNames: () => fileNames.filter((name) => name.startsWith(resolve(root, 'src'))),
      getScriptVersion: (name) => String(this.#mutated.get(name)?.version ?? 0),
      getScriptSnapshot: (name) => {
        const text = this.#mutated.get(name)?.text ?? ts.sys.readFile(name);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: (each) => ts.getDefaultLibFilePath(each),
      fileExists: (path) => ts.sys.fileExists(path),
      readFile: (path, encoding) => ts.sys.readFile(path, encoding),
      readDirectory: (...args) => ts.sys.readDirectory(...args),
      directoryExists: (path) => ts.sys.directoryExists(path),
      getDirectories: (path) => ts.sys.getDirectories(path),
    });
  }

  /** @param file an absolute path below `src` */
  accepts(file: string, text: string): boolean {
    this.#set(file, text);
    try {
      const faults = [
        ...this.#service.getSyntacticDiagnostics(file),
        ...this.#service.getSemanticDiagnostics(file),
      ];
      return faults.length === 0;
    } finally {
      this.#set(file, undefined);
    }
  }

  #set(file: string, text: string | undefined): void {
    const version = (this.#mutated.get(file)?.version ?? 0) + 1;
    this.#mutated.set(file, { version, text });
  }
}

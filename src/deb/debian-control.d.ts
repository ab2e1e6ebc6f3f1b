/** Types of the `debian-control` package: only what deb822.ts uses of it. */
declare module 'debian-control' {
  interface DebianControl {
    /** Whether a line starts with a space or a tab. */
    isContinueLine(line: string): boolean;
    /** One paragraph as an object; continuation lines lose their indentation. */
    parse(text: string): Record<string, string | string[]>;
  }
  const debianControl: DebianControl;
  export default debianControl;
}

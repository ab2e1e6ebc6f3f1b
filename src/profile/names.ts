/**
 * The shapes of names that a person may write in lockstep.yaml, a profile or a
 * package.yaml, as zod schemas whose messages say what is allowed. It owns
 * syntax only: whether a name refers to something is decided in profile-rules.ts.
 */
import semver from 'semver';
import { z } from 'zod';
import { parseSize } from '../io/cache-rule.js';
import { parseDuration } from './duration.js';

/** Policy 5.6.1 and 5.6.7: lower case, digits, `+ - .`; at least two characters; begins alphanumeric. */
export const packageNamePattern = /^[a-z0-9][a-z0-9+.-]+$/;

/** Names of suites, profiles and archives: they become file and folder names, so no slash and no leading dot. */
export const slugPattern = /^[a-z0-9](?:[a-z0-9.+-]*[a-z0-9])?$/;

/** Names of components: `{{components.<name>}}` in templates, so no dot. */
export const componentNamePattern = /^[a-z][a-z0-9-]*$/;

/** Keys of `settings`: `{{settings.<key>}}` in templates. */
export const settingNamePattern = /^[A-Za-z][A-Za-z0-9_]*$/;

/** A path below a folder: relative, with no empty, `.` or `..` part and no control character or backslash. */
export const relativePathPattern = /^(?!\/)(?!.*(?:^|\/)\.{0,2}(?:\/|$))[^\\\p{Cc}]+$/u;

export const packageName = z.string().regex(packageNamePattern, {
  error:
    'must be a Debian package name: lower-case letters, digits and "+", "-", ".", at least two characters, starting with a letter or digit',
});

export const slug = z.string().regex(slugPattern, {
  error:
    'must be a plain name: lower-case letters, digits and "-", ".", "+", starting and ending with a letter or digit',
});

export const componentName = z.string().regex(componentNamePattern, {
  error: 'must be a component name: lower-case letters, digits and "-", starting with a letter',
});

export const settingName = z.string().regex(settingNamePattern, {
  error:
    'must be a name that templates can use: letters, digits and "_", starting with a letter, such as siteName',
});

export const relativePath = z.string().regex(relativePathPattern, {
  error: 'must be a path below its folder: not absolute, no "..", no backslash',
});

/** A path below a folder, in which `*`, `?` and `**` may stand (src/profile/path-pattern.ts). */
export const treePattern = z
  .string()
  .max(4096, { error: 'must not be longer than a path can be' })
  .regex(/^(?!\/)[^\\\p{Cc}]+$/u, { error: 'must be a path or pattern below the folder' });

/** One line of text for people; it ends up in Release and control fields. */
export const oneLine = z.string().regex(/^\S(?:[^\p{Cc}]*\S)?$/u, {
  error: 'must be one line of text without a space at its start or end',
});

/** Policy 5.6.2: a name and an address in angle brackets. */
export const maintainer = z.string().regex(/^[^<>@,\p{Cc}]+ <[^<>@\s]+@[^<>@\s]+>$/u, {
  error: 'must be a name and an address: "Archive Team <archive@example.org>"',
});

/**
 * An http(s) address without credentials, query or trailing slash: it is
 * written into .sources files, where a space or a newline would be a new word
 * or a new field. A trailing slash is taken off.
 */
export const webAddress = z
  .string()
  .regex(/^https?:\/\/(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?(?:\/[A-Za-z0-9._~+-]+)*\/?$/, {
    error: 'must be a web address: http:// or https://, host, optional port and path; no user, "?" or "#"',
  })
  .transform((address) => address.replace(/\/$/, ''));

/** A range of upstream versions, in the words of semver: "~1.39.0", ">=7.1 <8". */
export const versionRange = z.string().superRefine((range, context) => {
  if (range.trim() === '' || semver.validRange(range) === null) {
    context.addIssue({
      code: 'custom',
      message: 'must be a range of upstream versions: "~1.39.0", ">=7.1 <8", "1.6.x"',
    });
  }
});

/** A length of time as a person writes it (`14d`); parses to seconds. */
export const duration = z
  .string()
  .regex(/^[1-9]\d{0,8}[smhdw]$/, {
    error: 'must be a duration: a number and one of s, m, h, d, w, such as "14d"',
  })
  .transform((text) => parseDuration(text) ?? 0);

/** A number of bytes as a person writes it (`16G`); parses to bytes. */
export const byteSize = z
  .string()
  .regex(/^[1-9]\d{0,11}[KMGT]?$/, {
    error: 'must be a size: a number and one of K, M, G, T, such as "16G", or a number of bytes',
  })
  .transform((text) => parseSize(text) ?? 0);

/** The same, up to a size: `1T`. */
export const byteSizeTo = (most: string) =>
  byteSize.refine((bytes) => bytes <= parseSize(most)!, { error: `must be ${most} at most` });

/** A range of upstream versions, or a word: the highest that is released, all that there are. */
export const trackedRange = z.union([z.literal('latest'), z.literal('any'), versionRange]);

/** A constraint as Composer writes it; what it means is read in src/source/composer.ts. */
export const constraint = z.string().regex(/^[^\p{Cc}]*[0-9*][^\p{Cc}]*$/u, {
  error: 'must be a version constraint: "^0.20", ">=1.43 <1.45"',
});

/** Names of refs and patterns of them (git-check-ref-format(1)); `*` stands for anything but a slash. */
export const gitPattern = z
  .string()
  .regex(/^(?![/.-])(?!.*(?:\.\.|\/\/|@\{|\.lock$|[/.]$))[^\s\p{Cc}~^:?[\\]+$/u, {
    error: 'must be the name of a tag or branch, or a pattern with "*"',
  });

/** No password, and no user but of ssh: those come from git's credential helpers or the environment. */
export const gitAddress = z
  .string()
  .regex(
    /^(?:https?:\/\/(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?\/[A-Za-z0-9._~+%/-]+|ssh:\/\/(?:\w[\w.-]*@)?(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?\/[A-Za-z0-9._~+%/-]+|\w[\w.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[A-Za-z0-9._~/][A-Za-z0-9._~+%/-]*|file:\/\/\/[^\p{Cc}?#]+|(?:\.{0,2}\/)[^\p{Cc}]+)$/u,
    {
      error:
        'must be the address of a git repository: https://host/path, http://host/path, or a path that starts with "/", "./" or "../"; without user and password',
    },
  );

/** As a git address, with `{version}` where the version goes. */
export const tarballAddress = z
  .string()
  .regex(
    /^https?:\/\/(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?\/(?:[A-Za-z0-9._~+%/?=&-]|\{version\})*$/,
    { error: 'must be a web address without user or password; it may contain {version}' },
  );

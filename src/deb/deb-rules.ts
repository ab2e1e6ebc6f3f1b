/**
 * The rules by which a package is refused though dpkg unpacks it: where machines or readers would see different
 * things in it, or Lockstep could not publish it. Anything else that is refused is what dpkg refuses as well.
 */

/** Each rule by the name that ends its messages, and what it refuses. */
export const debRules = {
  'ar-header':
    'fields of an ar header that dpkg does not read and that are not in the form of ar(5), or a member that is not padded with a newline',
  'deb-format':
    'the format of 1995, before ar archives, and versions of a format that are written in another way',
  'whole-stream':
    'compressed members that are cut, damaged or of another format than their name says, and bytes after the end of the stream: dpkg reads one stream, drops the rest and overlooks some cuts',
  'member-name':
    'names that still have `.`, `..` or an empty part after one leading `./` or `/` and one trailing `/` were taken off; control characters; bytes that are not UTF-8; parts and names that are too long for a file system',
  'member-twice': 'two members of one name',
  'below-link': 'a member below a link of the same package: where it lands depends on the machine',
  'folder-missing':
    'a member whose folder is neither a member before it nor one of those that every Debian system has',
  'hard-link': 'a hard link to anything but a file that is a member before it',
  'header-number':
    'numbers of a tar header that dpkg does not read, and folders, links and devices that have a size: readers differ in what follows',
  'control-member':
    'members of the control archive that are not plain files at its top, and tar headers in it that dpkg would not take in data.tar: tar(1), which reads it for dpkg, takes more',
  'control-text':
    'a control file or conffiles that are not UTF-8, and a control file that is not in the form of deb822(5)',
} as const;

export type DebRule = keyof typeof debRules;

/** A message that ends with the rule, as the rules of vetting do. */
export function refusedBy(rule: DebRule, message: string): string {
  return `${message} [${rule}]`;
}

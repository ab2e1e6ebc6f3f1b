/**
 * The files that a control archive may contain in addition to `control`; deb(5), deb-postinst(5),
 * debconf-devel(7).
 */

/** Maintainer scripts and debconf's two files, in dpkg's own names. */
export const scriptNames = ['preinst', 'postinst', 'prerm', 'postrm', 'config', 'templates'] as const;

export type ScriptName = (typeof scriptNames)[number];

/** The members of a .deb, deb(5), as dpkg takes them. */

/** The first line of `debian-binary`. */
export const formatSpec = /^2\.[0-9]{1,9}\n/;

/** `control.tar`, packed in a way in which dpkg takes it. */
export const controlMember = /^control\.tar(?:\.(?:gz|xz|zst))?$/;

/** `data.tar`, packed in any way that dpkg knows. */
export const dataMember = /^data\.tar(?:\.(?:gz|xz|zst|bz2|lzma))?$/;

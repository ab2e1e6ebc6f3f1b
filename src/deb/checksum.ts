/** 64 hexadecimal digits, lower case: SHA-256 as Debian's files write it. */
export const sha256Pattern = /^[0-9a-f]{64}$/;

// Equal to the version in package.json; a test holds it so.
export const VERSION = '0.1.0';

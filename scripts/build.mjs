/** `npm run build`: dependencies and dist/, no Debian tools. */
import { setUp } from './setup.mjs';

setUp([]);

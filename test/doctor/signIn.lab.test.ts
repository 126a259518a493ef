import { finds } from './plantings.ts';
import { signInPlantings } from './signInPlantings.ts';

finds('On the way to a credential', signInPlantings);

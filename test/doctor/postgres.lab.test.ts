import { finds } from './plantings.ts';
import { postgresPlantings } from './postgresPlantings.ts';

finds('At PostgreSQL', postgresPlantings);

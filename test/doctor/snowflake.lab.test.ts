import { finds } from './plantings.ts';
import { snowflakePlantings } from './snowflakePlantings.ts';

finds('At Snowflake', snowflakePlantings);

/**
 * A small coffee-roasting company, the same in every lab database.
 *
 * Neutral on purpose: rows hold strings for everything that JavaScript numbers would bend (decimals, dates, timestamps),
 * and a column says what it is in no database's own words, so that each lab server translates the same table for itself.
 */

export const sampleSchema = 'coffee';
/** Database name in Snowflake terms. */
export const sampleDatabase = 'LAB';
/** What everyone without the masking role sees instead of a customer's e-mail. */
export const maskedEmail = '***';
/** The one role that sees customers' e-mail addresses. */
export const unmaskedRole = 'MANAGER';

export type LabRole = 'ANALYST' | 'MANAGER';
export type LabUserName = 'alice' | 'bob';

export interface LabUser {
  /** Subject and preferred user name at the identity provider, login role in the databases. */
  readonly name: LabUserName;
  readonly displayName: string;
  readonly email: string;
  readonly roles: readonly LabRole[];
}

export const alice: LabUser = {
  name: 'alice',
  displayName: 'Alice Archer',
  email: 'alice@lab.example',
  roles: ['ANALYST', 'MANAGER'],
};

export const bob: LabUser = { name: 'bob', displayName: 'Bob Baker', email: 'bob@lab.example', roles: ['ANALYST'] };

export const labUsers: readonly LabUser[] = [alice, bob];

export type ColumnKind =
  | { readonly kind: 'integer' | 'text' | 'date' | 'timestamp' | 'json' | 'boolean' }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number };

export type SampleColumn = ColumnKind & {
  readonly name: string;
  readonly nullable: boolean;
  readonly comment: string;
};

/** `integer` is a number, `boolean` a boolean; all else is text (`timestamp` without zone, `json` serialized). */
export type SampleValue = string | number | boolean | null;

export interface SampleTable {
  readonly name: string;
  readonly comment: string;
  readonly columns: readonly SampleColumn[];
  readonly primaryKey: readonly string[];
  readonly references: readonly { readonly column: string; readonly table: string; readonly target: string }[];
  /** The column that row filtering compares with {@link regionGrants}; absent where everyone sees every row. */
  readonly regionColumn?: string;
  /** Columns replaced with {@link maskedEmail} unless the current role is {@link unmaskedRole}. */
  readonly maskedColumns: readonly string[];
  /** In the order of `columns`. */
  readonly rows: readonly (readonly SampleValue[])[];
}

export interface Region {
  readonly region: string;
  readonly name: string;
  readonly manager: string;
}

export interface Product {
  readonly product_id: number;
  readonly name: string;
  readonly origin: string;
  readonly roast: 'light' | 'medium' | 'dark';
  readonly price: string;
  readonly organic: boolean;
  /** Null while it is still sold. */
  readonly discontinued_on: string | null;
}

export interface Customer {
  readonly customer_id: number;
  readonly name: string;
  readonly email: string;
  readonly region: string;
  readonly customer_since: string;
  readonly lifetime_value: string;
}

export interface Order {
  readonly order_id: number;
  readonly customer_id: number;
  readonly product_id: number;
  readonly region: string;
  readonly order_date: string;
  readonly ordered_at: string;
  readonly quantity: number;
  readonly amount: string;
  /** Null while it is on its way. */
  readonly delivered_on: string | null;
  /** JSON text: channel, and sometimes a gift note or a coupon. */
  readonly details: string;
}

export interface RegionGrant {
  readonly user_name: LabUserName;
  readonly region: string;
}

export const regions: readonly Region[] = [
  { region: 'north', name: 'Northern Coast', manager: 'Nora Lind' },
  { region: 'south', name: 'Southern Valley', manager: 'Sergio Prado' },
  { region: 'west', name: 'Western Hills', manager: 'Wanda Okafor' },
  { region: 'east', name: 'Eastern Harbor', manager: 'Emil Sato' },
];

/** Alice works for the north and the west, Bob for the south; nobody in the lab sees the east. */
export const regionGrants: readonly RegionGrant[] = [
  { user_name: 'alice', region: 'north' },
  { user_name: 'alice', region: 'west' },
  { user_name: 'bob', region: 'south' },
];

/** Regions whose rows a user may see. */
export function regionsOf(user: string): readonly string[] {
  return regionGrants.filter((grant) => grant.user_name === user).map((grant) => grant.region);
}

export const products: readonly Product[] = [
  product(1, ['Morning Fog', 'Ethiopia', 'light', '14.50', true]),
  product(2, ['Harbor Blend', 'Brazil', 'medium', '11.00', false]),
  product(3, ['Night Train', 'Sumatra', 'dark', '12.75', false]),
  product(4, ['Paper Crane', 'Kenya', 'light', '17.20', true]),
  product(5, ['Low Tide Decaf', 'Colombia', 'medium', '13.40', true]),
  product(6, ['Cinder Road', 'Guatemala', 'dark', '12.10', false]),
  product(7, ['Orchard No. 9', 'Costa Rica', 'medium', '15.80', true]),
  product(8, ['Old Lighthouse', 'India', 'dark', '10.90', false], '2026-06-30'),
  product(9, ['First Snow', 'Rwanda', 'light', '16.60', true]),
  product(10, ['Velvet Anvil', 'Honduras', 'dark', '13.95', false]),
  product(11, ['Blue Ferry', 'Panama', 'light', '28.00', true]),
  product(12, ['Market Day', 'Peru', 'medium', '9.80', false]),
];

const generated = generate();
export const customers: readonly Customer[] = generated.customers;
export const orders: readonly Order[] = generated.orders;

/** Every table of the company, parents before children, so that they can be loaded in this order. */
export const sampleTables: readonly SampleTable[] = [
  table<Region>(regions, {
    name: 'regions',
    comment: 'Sales regions',
    columns: [
      text('region', 'Short key of the region'),
      text('name', 'Name of the region'),
      text('manager', 'Who runs it'),
    ],
    primaryKey: ['region'],
  }),
  table<Product>(products, {
    name: 'products',
    comment: 'Coffees sold by the bag of 500 g',
    columns: [
      column('product_id', 'integer', 'Key'),
      text('name', 'Name on the bag'),
      text('origin', 'Country of origin'),
      text('roast', 'light, medium or dark'),
      decimal('price', 'List price of a bag, in dollars'),
      column('organic', 'boolean', 'Certified organic'),
      { ...column('discontinued_on', 'date', 'Last day on sale; null while it is sold'), nullable: true },
    ],
    primaryKey: ['product_id'],
  }),
  table<Customer>(customers, {
    name: 'customers',
    comment: 'Cafés and shops that buy from us',
    columns: [
      column('customer_id', 'integer', 'Key'),
      text('name', 'Name of the café or shop'),
      text('email', 'Contact address; masked for everyone but managers'),
      text('region', 'Region that serves the customer'),
      column('customer_since', 'date', 'Day of the first contract'),
      decimal('lifetime_value', 'All they ever paid, in dollars'),
    ],
    primaryKey: ['customer_id'],
    references: [{ column: 'region', table: 'regions', target: 'region' }],
    regionColumn: 'region',
    maskedColumns: ['email'],
  }),
  table<Order>(orders, {
    name: 'orders',
    comment: 'Orders of 2026',
    columns: [
      column('order_id', 'integer', 'Key'),
      column('customer_id', 'integer', 'Who ordered'),
      column('product_id', 'integer', 'What was ordered'),
      text('region', 'Region that serves the customer'),
      column('order_date', 'date', 'Day of the order'),
      column('ordered_at', 'timestamp', 'Moment of the order, UTC'),
      column('quantity', 'integer', 'Bags'),
      decimal('amount', 'Total in dollars, after discount'),
      { ...column('delivered_on', 'date', 'Day of delivery; null while on its way'), nullable: true },
      column('details', 'json', 'Channel, and sometimes a gift note or a coupon'),
    ],
    primaryKey: ['order_id'],
    references: [
      { column: 'customer_id', table: 'customers', target: 'customer_id' },
      { column: 'product_id', table: 'products', target: 'product_id' },
      { column: 'region', table: 'regions', target: 'region' },
    ],
    regionColumn: 'region',
  }),
  table<RegionGrant>(regionGrants, {
    name: 'region_grants',
    comment: 'Which user sees which region',
    columns: [text('user_name', 'Name of the user at the identity provider'), text('region', 'Region they may see')],
    primaryKey: ['user_name', 'region'],
    references: [{ column: 'region', table: 'regions', target: 'region' }],
  }),
];

type TableDescription = Pick<SampleTable, 'name' | 'comment' | 'columns' | 'primaryKey'> &
  Partial<Pick<SampleTable, 'references' | 'maskedColumns' | 'regionColumn'>>;

function table<Row extends { readonly [Name in keyof Row]: SampleValue }>(
  rows: readonly Row[],
  description: TableDescription,
): SampleTable {
  return {
    references: [],
    maskedColumns: [],
    ...description,
    rows: rows.map((row) => description.columns.map((each) => row[each.name as keyof Row])),
  };
}

function column(name: string, kind: Exclude<ColumnKind['kind'], 'decimal'>, comment: string): SampleColumn {
  return { name, kind, nullable: false, comment };
}

function text(name: string, comment: string): SampleColumn {
  return column(name, 'text', comment);
}

function decimal(name: string, comment: string): SampleColumn {
  return { name, kind: 'decimal', precision: 10, scale: 2, nullable: false, comment };
}

function product(
  product_id: number,
  [name, origin, roast, price, organic]: [string, string, Product['roast'], string, boolean],
  discontinued_on: string | null = null,
): Product {
  return { product_id, name, origin, roast, price, organic, discontinued_on };
}

function generate(): { customers: readonly Customer[]; orders: readonly Order[] } {
  const random = seededRandom(2026);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <Item>(items: readonly Item[]): Item => {
    const item = items[below(items.length)];
    if (item === undefined) throw new RangeError('Nothing to pick from');
    return item;
  };

  const first = ['Copper', 'Willow', 'Juniper', 'Marble', 'Sunday', 'Lantern', 'Pepper', 'Tandem', 'Clover', 'Amber'];
  const second = ['Kettle', 'Corner', 'Spoon', 'Table'];
  const shops = first.flatMap((one, row) => second.map((two, index) => ({ one, two, place: row + index })));
  const people = shops.map(({ one, two, place }, index) => ({
    customer_id: index + 1,
    name: `${one} ${two}`,
    email: `${one}.${two}@shops.example`.toLowerCase(),
    region: regions[place % regions.length]?.region ?? 'north',
    customer_since: isoDate(Date.UTC(2017 + below(9), below(12), 1 + below(28))),
    earlierCents: below(900_000),
  }));

  const spent = new Map<number, number>();
  const firstDay = Date.UTC(2026, 0, 2);
  const list = Array.from({ length: 400 }, (_, index): Order => {
    const buyer = pick(people);
    const ordered = new Date(firstDay + index * 21.5 * 3_600_000 + below(10 * 3_600) * 1_000);
    const orderDate = isoDate(ordered.getTime());
    const bag = pick(products.filter((each) => each.discontinued_on === null || each.discontinued_on > orderDate));
    const quantity = 2 + below(38);
    const coupon = below(8) === 0;
    const cents = Math.round(Number(bag.price) * 100 * quantity * (coupon ? 0.9 : 1));
    spent.set(buyer.customer_id, (spent.get(buyer.customer_id) ?? 0) + cents);
    const details = {
      channel: pick(['web', 'phone', 'market', 'rep']),
      ...(coupon ? { coupon: 'TENOFF' } : {}),
      ...(below(12) === 0 ? { gift: { note: 'Enjoy the first cup', wrapped: true } } : {}),
    };
    return {
      order_id: 1001 + index,
      customer_id: buyer.customer_id,
      product_id: bag.product_id,
      region: buyer.region,
      order_date: orderDate,
      ordered_at: ordered.toISOString().slice(0, 19).replace('T', ' '),
      quantity,
      amount: dollars(cents),
      delivered_on: index > 380 ? null : isoDate(ordered.getTime() + (1 + below(6)) * 86_400_000),
      details: JSON.stringify(details),
    };
  });

  return {
    orders: list,
    customers: people.map(({ earlierCents, ...person }) =>
      Object.assign(person, { lifetime_value: dollars(earlierCents + (spent.get(person.customer_id) ?? 0)) }),
    ),
  };
}

function dollars(cents: number): string {
  return (cents / 100).toFixed(2);
}

function isoDate(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** Mulberry32: the same sequence everywhere, so every lab database holds the same rows. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

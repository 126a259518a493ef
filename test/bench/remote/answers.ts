/** What the tools of the measured server answer. */

const towns = ['Lisboa', 'København', 'Zürich', 'Kraków', 'Addis Ababa', 'São Paulo'];

/** Rows of a table as JSON text, 1.2 MB of it. */
export const table = JSON.stringify(
  Array.from({ length: 10_000 }, (_, index) => ({
    order_id: 100_000 + index,
    ordered_on: `2026-0${1 + (index % 9)}-${10 + (index % 18)}`,
    town: towns[index % towns.length],
    sku: `COF-${index % 97}`,
    quantity: 1 + (index % 12),
    amount: (index * 137) % 90_000,
    note: null,
  })),
);

/** Milliseconds between the first word of a streamed answer and the answer. */
export const STREAMED = 300;

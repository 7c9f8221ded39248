/** From when on a wait is late (amber) and overdue (red), in milliseconds. */

/** A customer in the queue, from the moment of the call. */
export const QUEUE = Object.freeze({ late: 60_000, overdue: 180_000 });

/** A customer's message to a person, until the person answers. */
export const OWED = Object.freeze({ late: 60_000, overdue: 180_000 });

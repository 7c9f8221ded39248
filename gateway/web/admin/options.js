/** What several forms let choose from. */

/** The groups by name and title, with `none` for no group. */
export const groupOptions = (groups, none) => [["", none], ...groups.map(({ name, title }) => [name, title ? `${title} (${name})` : name])];

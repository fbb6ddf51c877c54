/** What an address's placeholders hold, by name. */
export type PageParams = Readonly<Record<string, string | undefined>>;

/**
 * `filters` of list, prune and event calls: key → accepted values. Values of one key are alternatives
 * (for labels: all must hold), keys are conditions that must all hold. On the wire it is JSON, either
 * `{"k":["v"]}` or the older `{"k":{"v":true}}`; the server decodes both and refuses unknown keys.
 */
export type Filters = Readonly<Record<string, readonly string[]>>;

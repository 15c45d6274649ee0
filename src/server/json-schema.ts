/** The part of OpenAPI 3.0's schema objects that the API's definition uses. */
export interface JsonSchema {
  /** The name of another schema, which stands in `target`. */
  readonly $ref?: string;
  readonly target?: JsonSchema;
  readonly type?: "string" | "integer" | "number" | "boolean" | "array" | "object";
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema;
}

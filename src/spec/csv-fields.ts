/** The fields of one line of comma-separated values; quotes protect commas (RFC 4180). */
export function csvFields(line: string): string[] {
  if (line === "") throw new Error("EOF");
  const fields: string[] = [];
  for (let at = 0; at <= line.length; ) {
    const [field, next] = line[at] === '"' ? quotedField(line, at) : plainField(line, at);
    fields.push(field);
    at = next + 1;
  }
  return fields;
}

function plainField(line: string, start: number): [field: string, end: number] {
  const comma = line.indexOf(",", start);
  const end = comma < 0 ? line.length : comma;
  const field = line.slice(start, end);
  const quote = field.indexOf('"');
  if (quote >= 0) {
    throw new Error(
      `parse error on line 1, column ${start + quote + 1}: bare " in non-quoted-field`,
    );
  }
  return [field, end];
}

function quotedField(line: string, start: number): [field: string, end: number] {
  let field = "";
  for (let at = start + 1; at < line.length; at++) {
    if (line[at] !== '"') {
      field += line[at];
    } else if (line[at + 1] === '"') {
      field += line[++at];
    } else if (at + 1 === line.length || line[at + 1] === ",") {
      return [field, at + 1];
    } else {
      throw new Error(
        `parse error on line 1, column ${at + 1}: extraneous or missing " in quoted-field`,
      );
    }
  }
  throw new Error(
    `parse error on line 1, column ${line.length + 1}: extraneous or missing " in quoted-field`,
  );
}

// What the fields of a form hold together.

/** An object without what is left out; `problems` gathers `{field, message}` of what can't be read. */
export function readFields(fields, problems) {
  const values = {};
  for (const field of fields) field.readInto(values, problems);
  return values;
}

export function fillFields(fields, values) {
  for (const field of fields) field.fillFrom(values ?? {});
}

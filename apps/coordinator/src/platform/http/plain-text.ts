/** Whether a text is well-formed Unicode without NUL: the only text that PostgreSQL, in columns and in JSON, can hold. */
export function isPlainText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

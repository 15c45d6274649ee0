/** The text of `--format` on the help pages of lists. */
export const LIST_FORMAT_USAGE = `Format output using a custom template:
'table':            Print output in table format with column headers (default)
'table TEMPLATE':   Print output in table format using the given Go template
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.
Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates`;

/** The text of `--format` on the help pages of commands that print objects. */
export const OBJECT_FORMAT_USAGE = `Format output using a custom template:
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.
Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates`;

/** The same on one line, for flags that are written down a line each. */
export const LIST_FORMAT_LINE = LIST_FORMAT_USAGE.replaceAll("\n", " ");
export const OBJECT_FORMAT_LINE = OBJECT_FORMAT_USAGE.replaceAll("\n", " ");

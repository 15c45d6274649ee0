import fc from "fast-check";

const WORDS = [
  ..."FROM RUN COPY ADD ENV ARG LABEL CMD ENTRYPOINT EXPOSE VOLUME USER WORKDIR ONBUILD SHELL".split(
    " ",
  ),
  ..."STOPSIGNAL HEALTHCHECK MAINTAINER NONE AS as from scratch alpine build 0 1 a/b /".split(" "),
  ...[
    " ",
    " ",
    " ",
    "\n",
    "\n",
    "\t",
    "\\\n",
    "`\n",
    "\r\n",
    "#",
    "# escape=`\n",
    "# check=skip=all\n",
  ],
  ...[
    "--from=",
    "--mount=",
    "--chmod=",
    "--chown=",
    "--link",
    "--exclude=",
    "--platform=",
    "--interval=",
  ],
  ...[
    "type=",
    "bind",
    "cache",
    "secret",
    "ssh",
    "tmpfs",
    "target=",
    "id=",
    ",",
    "size=",
    "mode=",
    "env=",
  ],
  ...["<<EOF", "<<-EOF", '<<"EOF"', "EOF", "\nEOF\n", "<", "<<", "<<<"],
  ...[
    "$",
    "${",
    "}",
    ":-",
    ":+",
    ":?",
    "#",
    "##",
    "%",
    "%%",
    "/",
    "//",
    "A",
    "$A",
    "${A}",
    "*",
    "?",
  ],
  ...[
    '"',
    "'",
    "\\",
    "`",
    "[",
    "]",
    '["a"]',
    "=",
    "A=1",
    "80/tcp",
    "1-3",
    "é",
    "\u0000",
    "😀",
    "\uFEFF",
  ],
];

/** Texts made of what matters to the parser, as often well formed as not. */
export function dockerfileTexts(): fc.Arbitrary<string> {
  const soup = fc
    .array(
      fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...WORDS) }, fc.string({ maxLength: 4 })),
      {
        maxLength: 40,
      },
    )
    .map((words) => words.join(""));
  const rest = fc
    .array(fc.constantFrom(...WORDS.filter((word) => !word.includes("\n"))), { maxLength: 8 })
    .map((words) => words.join(" "));
  const keyword = fc.constantFrom(...WORDS.slice(0, 18));
  const lines = fc
    .array(fc.tuple(keyword, rest), { maxLength: 8 })
    .map(
      (pairs) =>
        `FROM scratch AS build\n${pairs.map(([word, tail]) => `${word} ${tail}`).join("\n")}\n`,
    );
  return fc.oneof(soup, lines);
}

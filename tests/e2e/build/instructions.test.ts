import { describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import { type ContextFiles, contextDirectory } from "../../harness/build-context.ts";
import { must, type Output } from "../../harness/daemon.ts";
import { hostStaysClean, useDaemon } from "../../harness/suite.ts";

/**
 * Every instruction, form and flag of the language by what it does: most rows check themselves with a `RUN`
 * that fails where something is otherwise than it should be.
 */
const suite = useDaemon();

const FILES: ContextFiles = {
  "a.txt": "a\n",
  "b.txt": "b\n",
  "c.log": "c\n",
  "sub/d.txt": "d\n",
  "sub/deep/e.txt": "e\n",
  "sub/deep/f.log": "f\n",
  "sp ace.txt": "space\n",
  tool: { mode: 0o750, text: "#!/bin/sh\necho tool\n" },
};

async function build(dockerfile: string, ...args: string[]): Promise<Output> {
  const cwd = await contextDirectory(suite.daemon, dockerfile, FILES);
  await $`tar -cf packed.tar -C sub d.txt && tar -czf packed.tgz -C sub d.txt && tar -cJf packed.txz -C sub d.txt && tar -cjf packed.tbz -C sub d.txt`.cwd(
    cwd,
  );
  await writeFile(join(cwd, "../word"), "secret-word");
  return await suite.daemon.berth("build", "--progress", "plain", ...args, ".", { cwd });
}

type Row = readonly [what: string, dockerfile: string, args?: readonly string[]];

/** `same A B` fails a step where two texts differ, and says both. */
const PRELUDE = `FROM busybox AS tools
RUN printf '#!/bin/sh\\n[ "$1" = "$2" ] || { echo "is: $1, not: $2"; exit 1; }\\n' > /bin/same && chmod 755 /bin/same
`;

const CHECKED: Row[] = [
  [
    "FROM: a tag, a stage, its number, --platform, AS",
    `FROM --platform=$BUILDPLATFORM busybox:latest AS One
RUN echo 1 > /one
FROM one
RUN same "$(cat /one)" 1
COPY --from=1 /one /again`,
  ],
  [
    "FROM: variables, with defaults and given",
    `ARG BASE=nothing
ARG TAG
FROM \${BASE}:\${TAG:-latest}
RUN true`,
    ["--build-arg", "BASE=busybox"],
  ],
  [
    "RUN: shell form, exec form, lines that go on, comments between them",
    `RUN A=1; \\
  # a comment

  echo "$A" > /f
RUN ["sh", "-c", "same \\"$(cat /f)\\" 1"]`,
  ],
  [
    "RUN <<EOF: a script, another interpreter, tabs taken off, no expansion, two documents",
    `RUN <<EOF
echo one > /one
same "$(cat /one)" one
EOF
RUN <<-EOF
	same "tabs" "tabs"
EOF
RUN <<EOF sh -e
same x x
EOF
RUN <<EOF
#!/bin/busybox ash
echo "$0" > /name
EOF
RUN same "$(cat /name)" /dev/pipes/EOF
RUN cat <<A > /ab && cat <<"B" >> /ab
$HOME
A
$HOME
B
RUN same "$(tr '\\n' ' ' < /ab)" '/root $HOME '`,
  ],
  [
    "RUN --mount=type=bind: from, source, target, rw",
    `RUN --mount=target=/c same "$(cat /c/a.txt)" a && if touch /c/x; then false; fi
RUN --mount=type=bind,from=tools,src=/bin/same,dst=/s /s 1 1
RUN --mount=type=bind,source=sub,destination=/c,rw touch /c/x && same "$(ls /c | tr '\\n' ' ')" 'd.txt deep x '
RUN --mount=type=bind,source=sub,target=/c same "$(ls /c | tr '\\n' ' ')" 'd.txt deep '`,
  ],
  [
    "RUN --mount=type=cache: id, mode, uid, gid, ro, from, source",
    `RUN --mount=type=cache,id=one,target=/c,mode=0700,uid=5,gid=6 same "$(stat -c '%a %u:%g' /c)" '700 5:6' && echo kept > /c/f
RUN --mount=type=cache,id=one,target=/elsewhere,ro same "$(cat /elsewhere/f)" kept && if touch /elsewhere/x; then false; fi
RUN --mount=type=cache,id=two,dst=/c,from=tools,source=/bin test -x /c/same
RUN --mount=type=cache,target=/p,sharing=private touch /p/x
RUN --mount=type=cache,target=/p,sharing=locked touch /p/y
RUN test ! -e /c/f`,
  ],
  [
    "RUN --mount=type=tmpfs: target, size",
    `RUN --mount=type=tmpfs,target=/t,size=1m grep -q ' /t tmpfs .*size=1024k' /proc/mounts
RUN test ! -e /t/x`,
  ],
  [
    "RUN --mount=type=secret: target, env, required, mode, uid, gid",
    `RUN --mount=type=secret,id=w same "$(cat /run/secrets/w)" secret-word
RUN --mount=type=secret,id=w,target=/s,mode=0440,uid=3,gid=4,required same "$(stat -c '%a %u:%g' /s)" '440 3:4'
RUN --mount=type=secret,id=w,env=W same "$W" secret-word && test ! -e /run/secrets/w
RUN --mount=type=secret,id=none test ! -e /run/secrets/none`,
    ["--secret", "id=w,src=../word"],
  ],
  [
    "RUN --network: none and default",
    `RUN --network=none same "$(ls /sys/class/net)" lo
RUN --network=default test -e /sys/class/net/eth0`,
  ],
  [
    "RUN --network=host and --security=insecure, where they are allowed",
    `RUN --network=host test -d /sys/class/net/lo
RUN --security=insecure mkdir /m && mount -t tmpfs none /m
RUN --security=sandbox if mount -t tmpfs none /m; then false; fi`,
    ["--allow", "network.host", "--allow", "security.insecure"],
  ],
  [
    "ENV: both forms, of themselves, quotes",
    `ENV A=1 B="two words" C=\\$A
ENV D the rest  of it
ENV A=2 E=$A
RUN same "$A/$B/$C/$D/$E" '2/two words/$A/the rest  of it/1'`,
  ],
  [
    "ADD: patterns, JSON, archives of every compression, --unpack, --chown, --chmod, --exclude, --link",
    `ADD *.txt /t/
RUN same "$(ls /t | wc -l)" 3
ADD ["sp ace.txt", "/t/x y"]
RUN same "$(cat '/t/x y')" space
ADD packed.tar /1/
ADD packed.tgz /2/
ADD packed.txz /3/
ADD packed.tbz /4/
RUN for n in 1 2 3 4; do same "$(cat /$n/d.txt)" d; done
ADD --unpack=false packed.tgz /5/
RUN test -f /5/packed.tgz
ADD --chown=7:8 --chmod=u=rw,go= a.txt /owned
RUN same "$(stat -c '%a %u:%g' /owned)" '600 7:8'
ADD --exclude=**/*.log --exclude=deep/e.txt sub /6
RUN same "$(find /6 -type f)" /6/d.txt
ADD --link a.txt /linked
RUN same "$(cat /linked)" a`,
  ],
  [
    "COPY: patterns, JSON, --chown by name, --chmod octal and symbolic, --parents, --exclude, --link",
    `COPY [ab].txt /t/
RUN same "$(ls /t | tr '\\n' ' ')" 'a.txt b.txt '
COPY ["sp ace.txt", "/t/"]
RUN test -f '/t/sp ace.txt'
RUN echo 'who:x:41:42::/:' >> /etc/passwd && echo 'grp:x:43:' >> /etc/group
COPY --chown=who:grp --chmod=0640 a.txt /a
RUN same "$(stat -c '%a %u:%g' /a)" '640 41:43'
COPY --chmod=u=rwX,go=rX sub /modes
RUN same "$(stat -c %a /modes/deep /modes/d.txt | tr '\\n' ' ')" '755 644 '
COPY --parents sub/deep/*.txt ./sub/./d.txt /p/
RUN same "$(cd /p && find . -type f | sort | tr '\\n' ' ')" './d.txt ./sub/deep/e.txt '
COPY --exclude=**/*.log --exclude=d.txt sub /x
RUN same "$(cd /x && find . -type f)" ./deep/e.txt
COPY --link --from=tools /bin/same /linked/dir/
RUN /linked/dir/same 1 1
COPY tool /usr/bin/
RUN same "$(tool)" tool`,
  ],
  [
    "COPY <<EOF: names, modes, expansion",
    `ENV WHO=me
COPY --chmod=755 <<one <<"two" /docs/
$WHO
one
$WHO
two
COPY <<EOF /whole
text
EOF
RUN same "$(cat /docs/one /docs/two /whole | tr '\\n' ' ')" 'me $WHO text ' && test -x /docs/one`,
  ],
  [
    "USER: names, numbers, groups",
    `RUN echo 'who:x:41:42::/h:/bin/sh' >> /etc/passwd && echo 'grp:x:43:' >> /etc/group
USER who
RUN same "$(id -u):$(id -g) $HOME" '41:42 /h'
USER who:grp
RUN same "$(id -g)" 43
USER 5:6
RUN same "$(id -u):$(id -g)" 5:6
USER 5
RUN same "$(id -u):$(id -g)" 5:0`,
  ],
  [
    "WORKDIR: made, relative, of a variable, the place of COPY",
    `ENV AT=/made
WORKDIR $AT/deep
WORKDIR down
RUN same "$PWD" /made/deep/down
COPY a.txt .
RUN test -f /made/deep/down/a.txt`,
  ],
  [
    "ARG: defaults, given, several, global ones taken up, hidden by ENV",
    `ARG A=1 B C=3
ARG A
RUN same "$A/$B/$C" 1/given/3
ENV C=env
RUN same "$C" env`,
    ["--build-arg", "B=given"],
  ],
  [
    "ARG: platforms, and proxies without a declaration",
    `ARG TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT BUILDPLATFORM BUILDOS BUILDARCH BUILDVARIANT
RUN same "$TARGETPLATFORM" "$TARGETOS/$TARGETARCH" && same "$BUILDPLATFORM" "$BUILDOS/$BUILDARCH" && same "$TARGETVARIANT$BUILDVARIANT" ""
RUN same "$HTTP_PROXY $https_proxy $FTP_PROXY $no_proxy $ALL_PROXY" '1 2 3 4 5'`,
    ["HTTP_PROXY=1", "https_proxy=2", "FTP_PROXY=3", "no_proxy=4", "ALL_PROXY=5"].flatMap(
      (each) => ["--build-arg", each],
    ),
  ],
  [
    "BUILDKIT_SANDBOX_HOSTNAME and BUILDKIT_CACHE_MOUNT_NS",
    `RUN same "$(hostname)" my-host
RUN --mount=type=cache,id=one,target=/c test ! -e /c/f`,
    [
      "--build-arg",
      "BUILDKIT_SANDBOX_HOSTNAME=my-host",
      "--build-arg",
      "BUILDKIT_CACHE_MOUNT_NS=n",
    ],
  ],
  [
    "SHELL: what runs from there on",
    `SHELL ["/bin/sh", "-e", "-c"]
RUN same "$-" "\${-#x}" && case $- in *e*) ;; *) false ;; esac`,
  ],
  [
    "variables: every form of replacement, in every instruction that has it",
    `ENV V=foo.tar.gz E=
ENV A=\${V:-x} B=\${N:-x} C=\${E-x} D=\${E:-x} F=\${V:+y} G=\${E+y} H=\${E:+y} I=\\\${V}
ENV J=\${V#*.} K=\${V##*.} L=\${V%.*} M=\${V%%.*} O=\${V/./-} P=\${V//./-}
RUN same "$A,$B,$C,$D,$F,$G,$H,$I" 'foo.tar.gz,x,,x,y,y,,\${V}' && same "$J,$K,$L,$M,$O,$P" tar.gz,gz,foo.tar,foo,foo-tar.gz,foo-tar-gz
ENV NAME=a.txt DIR=/vars
COPY $NAME \${DIR}/
ADD \${NAME} \${DIR}/two
RUN same "$(ls /vars | tr '\\n' ' ')" 'a.txt two '`,
  ],
];

const DIRECTIVES: Row[] = [
  ["# syntax is accepted", "# syntax=docker/dockerfile:1\nFROM busybox\nRUN true\n"],
  [
    "# escape",
    "# escape=`\nFROM busybox\nENV P=C:\\dir\\\nRUN [ \"$P\" = 'C:\\dir\\' ] && `\n  true\n",
  ],
  ["# check", "# check=skip=all;error=true\nfrom busybox\nRUN true\n"],
  ["leading blanks and lower case", "   from busybox\n\t run true\n # comment\n"],
];

describe("each instruction does what it says", () => {
  test.each(CHECKED)("%s", async (_what, dockerfile, args = []) => {
    const own = /^(?:ARG|FROM)/.test(dockerfile) && /^FROM/m.test(dockerfile);
    const [head, rest] = own
      ? [
          /^ARG/.test(dockerfile) ? "" : PRELUDE,
          dockerfile.replace(/^FROM (.*)busybox:latest/, "FROM $1tools"),
        ]
      : [PRELUDE, `FROM tools\n${dockerfile}`];
    must(await build(`${head}${rest}\n`, ...args));
  });
  test.each(DIRECTIVES)("%s", async (_what, dockerfile) => {
    must(await build(dockerfile));
  });
});

type Config = Record<string, unknown>;
const CONFIGURED: [instruction: string, text: string, expected: Config][] = [
  ["CMD exec", 'CMD ["a", "b"]', { Cmd: ["a", "b"] }],
  ["CMD shell", "CMD a b", { Cmd: ["/bin/sh", "-c", "a b"] }],
  ["CMD of the entrypoint", 'ENTRYPOINT ["e"]\nCMD ["p"]', { Entrypoint: ["e"], Cmd: ["p"] }],
  ["ENTRYPOINT exec", 'CMD ["x"]\nENTRYPOINT ["a"]', { Entrypoint: ["a"], Cmd: ["x"] }],
  ["ENTRYPOINT shell", "ENTRYPOINT a $B", { Entrypoint: ["/bin/sh", "-c", "a $B"] }],
  ["LABEL", 'ENV V=v\nLABEL a=1 "b c"=$V', { Labels: { a: "1", "b c": "v" } }],
  [
    "EXPOSE",
    "ENV P=90\nEXPOSE 80 53/udp $P 100-101/tcp",
    { ExposedPorts: { "80/tcp": {}, "53/udp": {}, "90/tcp": {}, "100/tcp": {}, "101/tcp": {} } },
  ],
  ["VOLUME list", 'VOLUME ["/a", "/b c"]', { Volumes: { "/a": {}, "/b c": {} } }],
  ["VOLUME words", "ENV V=/v\nVOLUME /a $V", { Volumes: { "/a": {}, "/v": {} } }],
  ["USER", "ENV U=1\nUSER $U:2", { User: "1:2" }],
  ["WORKDIR", "WORKDIR /a\nWORKDIR b", { WorkingDir: "/a/b" }],
  ["STOPSIGNAL", "ENV S=9\nSTOPSIGNAL $S", { StopSignal: "9" }],
  ["SHELL", 'SHELL ["a", "-c"]\nCMD x', { Shell: ["a", "-c"], Cmd: ["a", "-c", "x"] }],
  [
    "ONBUILD",
    "ONBUILD RUN x\nONBUILD COPY --from=y a b",
    {
      OnBuild: ["RUN x", "COPY --from=y a b"],
    },
  ],
  ["HEALTHCHECK NONE", "HEALTHCHECK NONE", { Healthcheck: { Test: ["NONE"] } }],
  [
    "HEALTHCHECK and all of its flags",
    'HEALTHCHECK --interval=1m --timeout=2s --start-period=3s --start-interval=4s --retries=5 CMD ["t"]',
    {
      Healthcheck: {
        Test: ["CMD", "t"],
        Interval: 6e10,
        Timeout: 2e9,
        StartPeriod: 3e9,
        StartInterval: 4e9,
        Retries: 5,
      },
    },
  ],
  ["HEALTHCHECK shell", "HEALTHCHECK CMD a b", { Healthcheck: { Test: ["CMD-SHELL", "a b"] } }],
];

describe("each instruction of the configuration says what is kept", () => {
  test.each(CONFIGURED)("%s", async (name, text, expected) => {
    const tag = `config:${name.toLowerCase().replace(/[^a-z]+/g, "-")}`;
    must(await build(`FROM busybox\n${text}\n`, "-t", tag));
    const { stdout } = must(
      await suite.daemon.berth("inspect", "--format", "{{json .Config}}", tag),
    );
    expect(JSON.parse(stdout)).toMatchObject(expected);
  });

  test("MAINTAINER is the author", async () => {
    must(await build("FROM busybox\nMAINTAINER Some Body\n", "-t", "author"));
    const { stdout } = must(
      await suite.daemon.berth("inspect", "--format", "{{.Author}}", "author"),
    );
    expect(stdout).toBe("Some Body\n");
  });

  test("ONBUILD runs in the image that stands on it, with --from and mounts", async () => {
    const base = `FROM busybox
ONBUILD ARG WHO
ONBUILD COPY --from=busybox /bin/busybox /copied
ONBUILD RUN --mount=type=bind,target=/c cat /c/a.txt > /seen && echo "$WHO" > /who
`;
    must(await build(base, "-t", "onbuild"));
    const child = "FROM onbuild\nRUN test -x /copied && grep a /seen && grep me /who\n";
    must(await build(child, "--build-arg", "WHO=me"));
  });
});

describe("what must be refused is, with the line", () => {
  const refused: [dockerfile: string, message: string][] = [
    ["RUN --network=host true", "network.host"],
    ["RUN --security=insecure true", "security.insecure"],
    ["RUN --mount=type=secret,id=no,required true", "secret no: not found"],
    ["RUN --mount=type=ssh,required true", "ssh"],
    ["RUN --device=example.com/none=x,required true", "device"],
    ["ADD --checksum=sha256:00 a.txt /", "checksum"],
    ["COPY --chown=nobody-here a.txt /", "nobody-here"],
    ["COPY --frm=x a b", "did you mean --from"],
    ["STOPSIGNAL", "STOPSIGNAL"],
    ["SHELL a b", "SHELL"],
    ["HEALTHCHECK --interval=x CMD a", "interval"],
    ["EXPOSE 80/nope", "proto"],
    ["ENV", "ENV"],
    ["ONBUILD ONBUILD RUN a", "ONBUILD"],
  ];
  test.each(refused)("%s", async (line, message) => {
    const failed = await build(`FROM busybox\n${line}\n`);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(message);
    expect(failed.stderr).toMatch(/Dockerfile:2/);
  });
});

describe("--call", () => {
  const dockerfile = `# VERSION is built
ARG VERSION=1
FROM busybox AS base
# build makes the binary
FROM base AS build
ARG VERSION
ARG WHO=world
RUN --mount=type=secret,id=token,required --mount=type=ssh echo $WHO
FROM scratch
COPY --from=build /x /y
`;
  test("targets lists every stage and what it is for", async () => {
    expect(must(await build(dockerfile, "--call=targets")).stdout).toBe(
      "TARGET    DESCRIPTION\nbase      \nbuild     makes the binary\n(default) \n",
    );
    const json = must(await build(dockerfile, "--call=targets,format=json")).stdout;
    expect(JSON.parse(json).targets[1]).toMatchObject({ name: "build", base: "base" });
  });

  test("outline says what a target can be given", async () => {
    const args = ["--call=outline", "--target", "build", "--build-arg", "WHO=me"];
    expect(must(await build(dockerfile, ...args)).stdout).toBe(
      `TARGET:      build
DESCRIPTION: makes the binary

BUILD ARG   VALUE   DESCRIPTION
VERSION     1       is built
WHO         me      

SECRET   REQUIRED
token    true

SSH       REQUIRED
default   

`,
    );
  });

  test("check answers programs, too; what it does not know it says", async () => {
    const checked = await build("FROM busybox\nCMD echo\n", "--call=check,format=json");
    expect(checked.code).toBe(1);
    expect(JSON.parse(checked.stdout).warnings[0].ruleName).toBe("JSONArgsRecommended");
    expect((await build(dockerfile, "--call=nope")).stderr).toContain('unknown method "nope"');
  });
});

hostStaysClean(suite);

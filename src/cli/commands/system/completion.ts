import { CliError } from "../../cli-error.ts";
import { defineCommand, exactly } from "../../command.ts";

/** Each asks the program itself: `berth __complete WORD...` prints candidates for the last word. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_berth() {
  local IFS=$'\\n'
  COMPREPLY=($(berth __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _berth berth
`,
  zsh: `#compdef berth
_berth() {
  local -a candidates
  candidates=("\${(@f)$(berth __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a candidates || _files
}
compdef _berth berth
`,
  fish: `function __berth_complete
  set -l words (commandline -opc) (commandline -ct)
  berth __complete $words[2..-1] 2>/dev/null
end
complete -c berth -a '(__berth_complete)'
`,
};

export const command = defineCommand({
  usage: "bash|fish|zsh",
  description:
    "Generate the autocompletion script for the specified shell\n\n  source <(berth completion bash)\n  berth completion zsh > ~/.zfunc/_berth\n  berth completion fish > ~/.config/fish/completions/berth.fish",
  args: exactly(1),
  flags: {},
  run: async ({ args, context }) => {
    const script = SCRIPTS[args[0] ?? ""];
    if (script === undefined) throw new CliError(`no completion for the shell "${args[0]}"`);
    context.stdout.write(script);
    return undefined;
  },
});
